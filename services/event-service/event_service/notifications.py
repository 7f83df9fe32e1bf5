"""The table of notifications in PostgreSQL, kept in step by id and version."""

from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from event_messages.event import Event
from service_runtime import outbox
from service_runtime.traces import current_traceparent
from sqlalchemy import Column, Connection, Engine, Row, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from event_service.deferral import following, rooted, withdrawn
from event_service.notification import Notification, announcement
from event_service.schedule import emptied, successor, tombstone
from event_service.tables import notifications

FORGOTTEN = 5_000  # rows in one statement, which has ten seconds
# In the order of the index, so that no step reads the whole table, be there few old rows or none.
FORGET = text("""
delete from notifications where ctid = any(array(
    select ctid from notifications
    where state <> 'pending' and updated_at < now() - make_interval(days => :days)
    order by updated_at limit :limit for update skip locked
))
""")

_COLUMNS = [notifications.c[field.name] for field in fields(Notification)]


class PostgresNotifications:
    """Each change is one transaction, with the event that tells of it in the outbox.

    A change takes the scheduler's lease away: what was claimed before is not settled any more,
    so the newer version is what counts.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, id: UUID) -> Notification | None:
        with self._engine.connect() as connection:
            return _stored(connection, id)

    def put(self, notification: Notification) -> None:
        with self._engine.begin() as connection:
            origin = notification.deferred_from
            _take_turn(connection, notification.reminder_id, origin, notification.id)
            if origin:
                notification = rooted(notification, _stored(connection, origin))
                _take_turn(connection, notification.deferred_from)
            stored = _stored(connection, notification.id)
            changed = successor(stored, notification)
            if changed and not _orphaned(connection, notification):
                _save(connection, stored, changed)
                _lead(connection, changed)

    def remove(self, id: UUID, version: int, user_id: str) -> None:
        with self._engine.begin() as connection:
            _take_turn(connection, id)
            stored = _stored(connection, id)
            if not (gone := tombstone(stored, id, version, user_id)):
                return
            _save(connection, stored, gone)
            table = notifications.c
            for dependent in _others(connection, id, table.reminder_id, table.deferred_from):
                _save(connection, dependent, emptied(dependent, dependent.version))

    def forget(self, days: int) -> int:
        """Remove some of what ended or was deleted so long ago that no news of it can come.

        How many; none when none are left but those that are being written at this moment.
        """
        with self._engine.begin() as connection:
            return connection.execute(FORGET, {"days": days, "limit": FORGOTTEN}).rowcount


def _take_turn(connection: Connection, *ids: UUID | None) -> None:
    """Until the transaction ends, no other may change these; rows need not exist yet."""
    for id in dict.fromkeys(id for id in ids if id):
        key = int.from_bytes(id.bytes[:8], signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def _stored(connection: Connection, id: UUID) -> Notification | None:
    query = select(*_COLUMNS).where(notifications.c.id == id).with_for_update()
    row = connection.execute(query).one_or_none()
    return _notification(row) if row else None


def _others(connection: Connection, id: UUID, *named_by: Column[Any]) -> list[Notification]:
    """Those but deleted ones that name another in one of these columns."""
    named = or_(*(column == id for column in named_by))
    others = notifications.c.id != id, notifications.c.state != "deleted"
    query = select(*_COLUMNS).where(named, *others).with_for_update()
    return [_notification(row) for row in connection.execute(query)]


def _lead(connection: Connection, origin: Notification) -> None:
    """Let what was deferred and waits follow its origin."""
    for deferred in _others(connection, origin.id, notifications.c.deferred_from):
        if deferred.state == "pending" and (changed := following(deferred, origin)):
            _save(connection, deferred, changed)


def _orphaned(connection: Connection, notification: Notification) -> bool:
    """Whether the reminder that it belongs to was deleted, or what it takes the place of ended."""
    origin, reminder = notification.deferred_from, notification.reminder_id
    if origin and withdrawn(notification, _stored(connection, origin)):
        return True
    if reminder in (None, notification.id):
        return False
    query = select(notifications.c.state).where(notifications.c.id == reminder)
    return connection.scalar(query) == "deleted"


def _save(connection: Connection, before: Notification | None, after: Notification) -> None:
    values: dict[str, Any] = {
        **asdict(after),
        "except_dates": list(after.except_dates),
        "traceparent": current_traceparent(),
        "lease_until": None,
        "updated_at": func.clock_timestamp(),
    }
    upsert = insert(notifications).values(values)
    connection.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=values))
    told: Event | None = announcement(before, after)
    if told:
        outbox.append(connection, told)


def _notification(row: Row[Any]) -> Notification:
    values = row._asdict()
    return Notification(**{**values, "except_dates": tuple(values["except_dates"])})
