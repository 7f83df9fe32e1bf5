"""Stores notifications in PostgreSQL, in step with events by id and version."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from event_messages.content import Content
from service_runtime import outbox
from service_runtime.content_columns import columns_of, take_content
from service_runtime.recurrence import local_time_of
from service_runtime.traces import current_traceparent
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Row,
    bindparam,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert

from event_service.deferral import follow_origin, is_withdrawn, with_content_of, with_first_origin
from event_service.notification import Notification, announcement
from event_service.schedule import (
    moved_occurrence,
    remove_content,
    replacement,
    tombstone,
)
from event_service.tables import notifications

FORGOTTEN = 5_000  # rows of one statement, which may take ten seconds
# Uses the order of the index, so that no step reads the whole table.
FORGET = text("""
delete from notifications where ctid = any(array(
    select ctid from notifications
    where (state = 'deleted' or state = 'ended' and reminder_id is distinct from id)
        and updated_at < now() - make_interval(days => :days)
    order by updated_at limit :limit for update skip locked
))
""")
FORGET_BUDGETS = text("""
delete from notification_budgets where ctid = any(array(
    select ctid from notification_budgets
    where day < (now() at time zone 'UTC')::date limit :limit for update skip locked
))
""")

LARGEST_COUNT = 100_000  # of overdue notifications; larger counts return this number
_due = notifications.c.state == "pending", notifications.c.deliver_at <= func.now()

COMPARED = 1_000  # series of one comparison with new time zone data
_MOVABLE = (
    notifications.c.state == "pending",
    notifications.c.local_occurrence.is_not(None),
    # An earlier version may have moved the occurrence and left the local one.
    notifications.c.local_written_at == notifications.c.updated_at,
    notifications.c.deliver_at > func.now(),
    or_(notifications.c.lease_until.is_(None), notifications.c.lease_until <= func.now()),
)
_NAMES = {field.name for field in fields(Notification)} | Content.model_fields.keys()
_COLUMNS = [column for column in notifications.c if column.name in _NAMES]
# Statements of each event, built once.
_TURN = select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger)))
_STORED = select(*_COLUMNS).where(notifications.c.id == bindparam("id")).with_for_update()
_now = func.statement_timestamp()
_INSERT = insert(notifications).values(local_written_at=_now, updated_at=_now)
_UPSERT = _INSERT.on_conflict_do_update(index_elements=["id"], set_=dict(_INSERT.excluded))


class PostgresNotifications:
    """Writes each change and its event to the outbox in one transaction.

    A change removes the lease of the scheduler. So a claim of the previous version is not settled.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, id: UUID) -> Notification | None:
        with self._engine.connect() as connection:
            return _stored(connection, id)

    def put(self, notification: Notification) -> None:
        """Store the notification, unless an equal or newer version or deletion is stored."""
        with self._engine.begin() as connection:
            origin = notification.deferred_from
            _take_turn(connection, notification.reminder_id, origin, notification.id)
            if origin:
                notification = with_first_origin(notification, _stored(connection, origin))
                _take_turn(connection, notification.deferred_from)
                root = _stored(connection, notification.deferred_from or origin)
                notification = with_content_of(root, notification)
            stored = _stored(connection, notification.id)
            changed = replacement(stored, notification)
            if changed and not _is_orphaned(connection, notification):
                _save(connection, stored, changed)
                _lead(connection, changed)

    def remove(self, id: UUID, version: int, user_id: str) -> None:
        """Delete the notification and its snoozes and deferrals, unless a newer one is stored."""
        with self._engine.begin() as connection:
            _take_turn(connection, id)
            stored = _stored(connection, id)
            if not (gone := tombstone(stored, id, version, user_id)):
                return
            _save(connection, stored, gone)
            table = notifications.c
            for dependent in _others(connection, id, table.reminder_id, table.deferred_from):
                _save(connection, dependent, remove_content(dependent, dependent.version))

    def rezone(self) -> int:
        """Move pending occurrences of series whose zone has new rules; return their number.

        Due and claimed notifications do not move.
        """
        moved, last = 0, UUID(int=0)
        while page := self._series_after(last):
            moved += sum(self._rezone(id) for id, *times in page if moved_occurrence(*times))
            last = page[-1][0]
        return moved

    def _series_after(self, last: UUID) -> Sequence[Any]:
        """Return the id, occurrence, local occurrence and zone of the next series."""
        table = notifications.c
        query = select(table.id, table.occurrence, table.local_occurrence, table.time_zone)
        query = query.where(table.id > last, *_MOVABLE).order_by(table.id).limit(COMPARED)
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def _rezone(self, id: UUID) -> bool:
        with self._engine.begin() as connection:
            _take_turn(connection, id)
            wanted = notifications.c.id == id, *_MOVABLE
            local = connection.scalar(select(notifications.c.local_occurrence).where(*wanted))
            if local is None or (stored := _stored(connection, id)) is None:
                return False
            offset = timedelta(minutes=stored.notify_offset)
            if not (moved := moved_occurrence(stored.occurrence, local, stored.time_zone)):
                return False
            _save(connection, stored, replace(stored, occurrence=moved, deliver_at=moved - offset))
        return True

    def forget(self, days: int) -> int:
        """Delete some old tombstones, ended snoozes, deferrals and budgets; return their number.

        Rows of existing reminders stay, because an edit can follow at any time. The result is 0
        when only rows that other transactions write remain.
        """
        with self._engine.begin() as connection:
            forgotten = connection.execute(FORGET, {"days": days, "limit": FORGOTTEN}).rowcount
            return forgotten + connection.execute(FORGET_BUDGETS, {"limit": FORGOTTEN}).rowcount

    def count_overdue(self) -> float:
        """Return the number of notifications that are due and not published."""
        some = select(notifications.c.id).where(*_due).limit(LARGEST_COUNT).subquery()
        with self._engine.connect() as connection:
            return float(connection.scalar(select(func.count()).select_from(some)) or 0)

    def oldest_overdue(self) -> float:
        """Return the seconds since the oldest of them became due, on the database clock."""
        oldest = select(notifications.c.deliver_at).where(*_due).order_by("deliver_at").limit(1)
        age = func.extract("epoch", func.now() - oldest.scalar_subquery())
        with self._engine.connect() as connection:
            return float(connection.scalar(select(age)) or 0)

    def count_refused(self) -> float:
        """Return the number of notifications that the topic rejected permanently."""
        refused = select(func.count()).where(notifications.c.state == "refused")
        with self._engine.connect() as connection:
            return float(connection.scalar(refused) or 0)


def _take_turn(connection: Connection, *ids: UUID | None) -> None:
    """Lock the ids until the transaction ends; rows with these ids need not exist."""
    for id in dict.fromkeys(id for id in ids if id):
        key = int.from_bytes(id.bytes[:8], signed=True)
        connection.execute(_TURN, {"key": key})


def _stored(connection: Connection, id: UUID) -> Notification | None:
    row = connection.execute(_STORED, {"id": id}).one_or_none()
    return _notification(row) if row else None


def _others(connection: Connection, id: UUID, *named_by: Column[Any]) -> list[Notification]:
    """Return the rows, except deleted ones, that refer to another by one of these columns."""
    named = or_(*(column == id for column in named_by))
    others = notifications.c.id != id, notifications.c.state != "deleted"
    query = select(*_COLUMNS).where(named, *others).with_for_update()
    return [_notification(row) for row in connection.execute(query)]


def _lead(connection: Connection, origin: Notification) -> None:
    """Update the pending deferred notifications of an origin."""
    for deferred in _others(connection, origin.id, notifications.c.deferred_from):
        if deferred.state == "pending" and (changed := follow_origin(deferred, origin)):
            _save(connection, deferred, changed)


def _is_orphaned(connection: Connection, notification: Notification) -> bool:
    """Return True if its reminder was deleted, or the notification that it replaces has ended."""
    origin, reminder = notification.deferred_from, notification.reminder_id
    if origin and is_withdrawn(notification, _stored(connection, origin)):
        return True
    if reminder in (None, notification.id):
        return False
    query = select(notifications.c.state).where(notifications.c.id == reminder)
    return connection.scalar(query) == "deleted"


def _save(connection: Connection, before: Notification | None, after: Notification) -> None:
    values: dict[str, Any] = {
        **vars(after),
        **columns_of(after.content, notifications),
        "except_dates": list(after.except_dates),
        "traceparent": current_traceparent(),
        "lease_until": None,
        "refusals": 0,
        "refusal_reason": None,
        "is_counted": False,
        "local_occurrence": local_time_of(after.occurrence, after.rule, after.time_zone),
    }
    connection.execute(_UPSERT, values)
    if told := announcement(before, after):
        outbox.append(connection, told)


def _notification(row: Row[Any]) -> Notification:
    values = row._asdict()
    content, except_dates = take_content(values), tuple(values.pop("except_dates"))
    return Notification(content=content, except_dates=except_dates, **values)
