"""What is put off, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from uuid import UUID

from event_messages.contract import Deferral, PendingNotification
from event_messages.event import Event
from service_runtime.outbox import append
from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert

from notification_service.deferrals import LONGEST_OPEN, DigestItem, command_of
from notification_service.deliveries import Delivery, Outcome, Stage, outcome_event
from notification_service.delivery_rows import stage_of
from notification_service.delivery_statements import SETTLED
from notification_service.device_store import lock_user
from notification_service.tables import deliveries, digest_items, digests

ITEM_COLUMNS = [digest_items.c[field.name] for field in fields(DigestItem)]


class PostgresDeferrals:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def defer(self, delivery: Delivery, later: PendingNotification) -> bool:
        with self._engine.begin() as connection:
            if not put_off(connection, delivery, str(later.reason), later.id):
                return False
            own = digests.c.id == delivery.notification_id  # a digest keeps what it holds
            connection.execute(update(digests).where(own).values(id=later.id))
            append(connection, command_of(later))
            return True

    def reason(self, notification_id: UUID) -> Deferral | None:
        query = select(deliveries.c.reason).where(deliveries.c.deferred_to == notification_id)
        with self._engine.connect() as connection:
            found: Deferral | None = connection.scalar(query)
        return found

    def collect(self, delivery: Delivery, item: DigestItem, digest: PendingNotification) -> bool:
        with self._engine.begin() as connection:
            lock_user(connection, delivery.user_id)
            if not put_off(connection, delivery, "DIGEST", None):
                return False
            open_digest = open_digest_of(connection, delivery.user_id)
            if open_digest is None:
                open_digest = digest.id
                opened = {"id": digest.id, "user_id": delivery.user_id, "opened_at": func.now()}
                connection.execute(insert(digests).values(opened))
                append(connection, command_of(digest))
            row = {"digest_id": open_digest, **asdict(item)}
            connection.execute(insert(digest_items).values(row))
            return True

    def close(self, digest_id: UUID) -> Sequence[DigestItem]:
        closed_at = func.coalesce(digests.c.closed_at, func.now())
        with self._engine.begin() as connection:
            own = update(digests).where(digests.c.id == digest_id)
            if connection.execute(own.values(closed_at=closed_at)).rowcount == 0:
                return ()
            return items_of(connection, digest_id)


def put_off(
    connection: Connection, delivery: Delivery, reason: str, deferred_to: UUID | None
) -> bool:
    """Whether the occurrence was new; then it is settled as deferred."""
    if stage_of(connection, delivery.occurrence_id) is not Stage.NEW:
        return False
    now = {name: func.now() for name in ("claimed_at", "lease_until", "settled_at")}
    settled = {**now, "state": "deferred", "reason": reason, "deferred_to": deferred_to}
    added = insert(deliveries).values(**asdict(delivery), **settled, attempts=0, unknowns=0)
    # A row that is there was claimed by someone who died before it failed.
    taken = added.on_conflict_do_update(
        index_elements=["occurrence_id", "target"],
        set_=settled,
        where=deliveries.c.state.not_in(SETTLED),
    )
    return connection.execute(taken.returning(deliveries.c.target)).first() is not None


def open_digest_of(connection: Connection, user_id: str) -> UUID | None:
    """The user's digest that takes more in; one that has waited for long does not."""
    is_open = digests.c.user_id == user_id, digests.c.closed_at.is_(None)
    late = digests.c.opened_at < func.now() - LONGEST_OPEN
    connection.execute(update(digests).where(*is_open, late).values(closed_at=func.now()))
    # Locked, for nothing may come into a digest that is being closed.
    query = select(digests.c.id).where(*is_open).with_for_update()
    found: UUID | None = connection.scalar(query)
    return found


def items_of(connection: Connection, digest_id: UUID) -> list[DigestItem]:
    query = select(*ITEM_COLUMNS).where(digest_items.c.digest_id == digest_id)
    rows = connection.execute(query.order_by(digest_items.c.position)).mappings()
    return [DigestItem(**row) for row in rows]


def settle_items(connection: Connection, digest: Delivery, outcome: Outcome) -> Sequence[Event]:
    """The outcomes of what a digest held; what was in the e-mails is forgotten."""
    if digest.reminder_id is not None or digest.channel != "email":
        return []
    items = items_of(connection, digest.notification_id)
    own = update(digest_items).where(digest_items.c.digest_id == digest.notification_id)
    if items:
        connection.execute(own.values(message="", url=None))
    return [outcome_event(item.delivery(digest), outcome) for item in items]
