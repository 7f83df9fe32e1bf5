"""Stores deferred notifications in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from event_messages.content import Content
from event_messages.contract import Deferral, PendingNotification
from event_messages.event import Event
from service_runtime.content_columns import columns_of, take_content
from service_runtime.database import take_turn
from service_runtime.outbox import append
from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from notification_service.deferrals import LONGEST_OPEN, DigestItem, combine, command_of
from notification_service.deliveries import KEPT, Delivery, Outcome, Stage, outcome_event
from notification_service.delivery_statements import SETTLED, stage_of
from notification_service.tables import deliveries, digest_items, digests
from notification_service.waiting import Collapse

ITEM_NAMES = {field.name for field in fields(DigestItem)} | Content.model_fields.keys()
ITEM_COLUMNS = [column for column in digest_items.c if column.name in ITEM_NAMES]


class PostgresDeferrals:
    """Stores deferrals; each step is one transaction with the command that it publishes."""

    def __init__(self, engine: Engine, *, collapse: Collapse = "series") -> None:
        self._engine, self._collapses = engine, collapse == "series"

    def defer(self, delivery: Delivery, later: PendingNotification) -> bool:
        """Replace an occurrence by `later`, unless it has started or was deferred before."""
        with self._engine.begin() as connection:
            take_turn(connection, delivery.user_id)
            if self._collapses and later.reason == "QUIET_HOURS":
                later = combine(later, *deferred_before(connection, delivery, later))
            until = later.deliver_at
            if not settle_as_deferred(
                connection, delivery, str(later.reason), later.id, until=until
            ):
                return False
            own = digests.c.id == delivery.notification_id  # a digest keeps its items
            connection.execute(update(digests).where(own).values(id=later.id))
            append(connection, command_of(later))
            return True

    def reason(self, notification_id: UUID) -> Deferral | None:
        """Return the reason why the notification replaces another, or None."""
        query = select(deliveries.c.reason).where(deliveries.c.deferred_to == notification_id)
        with self._engine.connect() as connection:
            found: Deferral | None = connection.scalar(query)
        return found

    def add_to_digest(
        self, delivery: Delivery, item: DigestItem, digest: PendingNotification
    ) -> bool:
        """Add an e-mail to the open digest of the user, or to `digest` if none is open."""
        with self._engine.begin() as connection:
            take_turn(connection, delivery.user_id)
            if not settle_as_deferred(connection, delivery, "DIGEST", None):
                return False
            open_digest = open_digest_of(connection, delivery.user_id)
            if open_digest is None:
                open_digest = digest.id
                opened = {"id": digest.id, "user_id": delivery.user_id, "opened_at": func.now()}
                connection.execute(insert(digests).values(opened))
                append(connection, command_of(digest))
            content = columns_of(item.content, digest_items)
            row = {"digest_id": open_digest, **vars(item), **content}
            connection.execute(insert(digest_items).values(row))
            return True

    def close(self, digest_id: UUID) -> Sequence[DigestItem]:
        """Close a digest and return its items in order; return nothing for other notifications."""
        closed_at = func.coalesce(digests.c.closed_at, func.now())
        with self._engine.begin() as connection:
            own = update(digests).where(digests.c.id == digest_id)
            if connection.execute(own.values(closed_at=closed_at)).rowcount == 0:
                return ()
            return items_of(connection, digest_id)

    def forget(self) -> int:
        """Delete old digests and their items; return their number."""
        is_old = digests.c.opened_at < func.now() - KEPT
        with self._engine.begin() as connection:
            return connection.execute(delete(digests).where(is_old)).rowcount


def deferred_before(
    connection: Connection, delivery: Delivery, later: PendingNotification
) -> tuple[UUID | None, int]:
    """Return the id and number of notifications of the series, deferred to the same time."""
    query = select(deliveries.c.deferred_to, func.count()).where(
        deliveries.c.user_id == delivery.user_id,
        deliveries.c.reminder_id == delivery.reminder_id,
        deliveries.c.channel == delivery.channel,
        deliveries.c.state == "deferred",
        deliveries.c.reason == later.reason,
        deliveries.c.deferred_until == later.deliver_at,
        deliveries.c.occurrence_id != delivery.occurrence_id,
    )
    row = connection.execute(query.group_by(deliveries.c.deferred_to)).first()
    return (row[0], row[1]) if row else (None, 0)


def settle_as_deferred(
    connection: Connection,
    delivery: Delivery,
    reason: str,
    deferred_to: UUID | None,
    *,
    until: datetime | None = None,
) -> bool:
    """Settle the occurrence as deferred; return True if it was new."""
    if stage_of(connection, delivery.occurrence_id) is not Stage.NEW:
        return False
    now = {name: func.now() for name in ("claimed_at", "lease_until", "settled_at")}
    settled: dict[str, Any] = {
        **now,
        "state": "deferred",
        "reason": reason,
        "deferred_to": deferred_to,
        "deferred_until": until,
    }

    added = insert(deliveries).values(**asdict(delivery), **settled, attempts=0, unknowns=0)
    # An existing row belongs to a worker that died before it failed the delivery.
    taken = added.on_conflict_do_update(
        index_elements=["occurrence_id", "target"],
        set_=settled,
        where=deliveries.c.state.not_in(SETTLED),
    )
    return connection.execute(taken.returning(deliveries.c.target)).first() is not None


def open_digest_of(connection: Connection, user_id: str) -> UUID | None:
    """Return the open digest of the user, unless it is too old."""
    is_open = digests.c.user_id == user_id, digests.c.closed_at.is_(None)
    late = digests.c.opened_at < func.now() - LONGEST_OPEN
    connection.execute(update(digests).where(*is_open, late).values(closed_at=func.now()))
    # The lock prevents additions to a digest that another transaction closes.
    query = select(digests.c.id).where(*is_open).with_for_update()
    found: UUID | None = connection.scalar(query)
    return found


def items_of(connection: Connection, digest_id: UUID) -> list[DigestItem]:
    query = select(*ITEM_COLUMNS).where(digest_items.c.digest_id == digest_id)
    rows = connection.execute(query.order_by(digest_items.c.position)).mappings()
    return [DigestItem(content=take_content(row), **row) for row in map(dict, rows)]


def settle_items(connection: Connection, digest: Delivery, outcome: Outcome) -> Sequence[Event]:
    """Settle the deliveries of the items of a digest, and delete their contents."""
    if digest.reminder_id is not None or digest.channel != "email":
        return []
    items = items_of(connection, digest.notification_id)
    own = update(digest_items).where(digest_items.c.digest_id == digest.notification_id)
    if items:
        connection.execute(own.values(message="", url=None, content={}))
    return [outcome_event(item.delivery(digest), outcome) for item in items]
