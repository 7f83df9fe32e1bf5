"""Stores reminders in PostgreSQL, each write with its event in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from event_messages.content import Content
from event_messages.contract import OccurrenceChange
from service_runtime.content_columns import columns_of, take_content
from service_runtime.database import take_turn
from service_runtime.outbox import append
from sqlalchemy import (
    ARRAY,
    Connection,
    Engine,
    Text,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from reminder_service import events
from reminder_service.errors import (
    MissingReminder,
    PermissionDenied,
    TooManyReminders,
)
from reminder_service.idempotency import (
    KeyedAnswer,
    delete_answers,
    find_answer,
    find_repeated,
    keep_answer,
)
from reminder_service.reminders import Reminder
from reminder_service.tables import reminders

REMINDERS_PER_USER = 10_000
TRIES = 5  # of a change without a lock, during concurrent changes
Place = tuple[datetime, UUID]  # of a list: date and id
_LISTS = ("except_dates", "local_except_dates")


class PostgresReminders:
    """Stores rows by user: every statement names the user, so no check can be forgotten."""

    def __init__(self, engine: Engine, per_user: int = REMINDERS_PER_USER) -> None:
        self._engine, self._per_user = engine, per_user

    def add(
        self, added: Sequence[Reminder], answer: KeyedAnswer | None = None
    ) -> KeyedAnswer | None:
        """Add reminders of a user, or return the earlier answer to the same key."""
        user_id = added[0].user_id if added else answer.user_id if answer else None
        if user_id is None:
            return None
        with self._engine.begin() as connection:
            take_turn(connection, user_id)  # for the limits and the keys
            if earlier := find_repeated(connection, user_id, answer):
                return earlier
            if count_reminders(connection, user_id) + len(added) > self._per_user:
                raise TooManyReminders
            if added:
                connection.execute(insert(reminders), [row_of(reminder) for reminder in added])
            append(connection, *(events.created(reminder) for reminder in added))
            if answer:
                keep_answer(connection, answer)
        return None

    def answered(self, user_id: str, key: str, now: datetime) -> KeyedAnswer | None:
        """Return the answer to the key of the last day, or None."""
        with self._engine.connect() as connection:
            return find_answer(connection, user_id, key, now)

    def find(self, user_id: str, id: UUID) -> Reminder:
        with self._engine.connect() as connection:
            return _find(connection, _owned(user_id, id), id)

    def page(
        self, user_id: str, limit: int, offset: int = 0, after: Place | None = None
    ) -> tuple[list[Reminder], int]:
        """Return some reminders, by date and id, and the number of the user's reminders.

        With `after`, the page starts after that place, even if its reminder was deleted.
        """
        mine = select(reminders).where(reminders.c.user_id == user_id)
        query = mine.order_by(*PLACE.clauses).limit(limit).offset(offset)
        if after:
            query = query.where(PLACE > after)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            return [reminder_of(row) for row in rows], count_reminders(connection, user_id)

    def time_zones(self, user_id: str) -> list[str]:
        """Return the time zones of the user's open reminders."""
        query = select(reminders.c.time_zone).where(*_open(user_id)).distinct()
        with self._engine.connect() as connection:
            return sorted(connection.scalars(query))

    def latest_time_zone(self, user_id: str) -> str | None:
        """Return the time zone of the user's latest reminder, or None."""
        latest = select(reminders.c.time_zone).where(reminders.c.user_id == user_id)
        query = latest.order_by(reminders.c.created_at.desc(), reminders.c.id.desc()).limit(1)
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def open_after(self, user_id: str, last: Reminder | None, limit: int) -> list[Reminder]:
        """Return some open reminders after `last`, the soonest first."""
        query = select(reminders).where(*_open(user_id)).order_by(*PLACE.clauses).limit(limit)
        if last:
            query = query.where(PLACE > (last.date, last.id))
        with self._engine.connect() as connection:
            return [reminder_of(row) for row in connection.execute(query).mappings()]

    def change(
        self,
        user_id: str,
        id: UUID,
        make: Callable[[Reminder], Reminder],
        change: OccurrenceChange | None = None,
    ) -> Reminder:
        """Replace the user's reminder by the result of `make`, unless it is equal.

        `change` is the name of the change in the event, or None for an edit. `make` runs outside of
        the transaction, and again after a concurrent change.
        """
        for _ in range(TRIES):
            current = self.find(user_id, id)
            changed = make(current)
            with self._engine.begin() as connection:
                if changed == current or write_change(connection, current, changed, change):
                    return changed
        with self._engine.begin() as connection:
            current = _lock(connection, user_id, id)
            changed = make(current)
            if changed != current:
                write_change(connection, current, changed, change)
        return changed

    def remove(self, user_id: str, id: UUID, check: Callable[[Reminder], None]) -> None:
        """Delete the user's reminder, unless `check` raises an error."""
        with self._engine.begin() as connection:
            reminder = _lock(connection, user_id, id)
            check(reminder)
            connection.execute(owned_by_user(delete(reminders), user_id, id))
            append(connection, events.deleted(reminder))

    def forget_answers(self, now: datetime) -> int:
        """Delete some answers that are older than a day; return their number."""
        with self._engine.begin() as connection:
            return delete_answers(connection, now)


PLACE = tuple_(reminders.c.date, reminders.c.id)  # the soonest first


def _open(user_id: str) -> tuple[Any, Any]:
    return reminders.c.user_id == user_id, reminders.c.completed_at.is_(None)


def owned_by_user(statement: Any, user_id: str, id: UUID) -> Any:
    return statement.where(reminders.c.user_id == user_id, reminders.c.id == id)


def _owned(user_id: str, id: UUID) -> Any:
    return owned_by_user(select(reminders), user_id, id)


def _lock(connection: Connection, user_id: str, id: UUID) -> Reminder:
    """Return the user's reminder, locked until the end of the transaction."""
    return _find(connection, _owned(user_id, id).with_for_update(), id)


def _find(connection: Connection, owned: Any, id: UUID) -> Reminder:
    """Return the reminder; raise an error for another user's reminder or for a missing one."""
    if row := connection.execute(owned).mappings().one_or_none():
        return reminder_of(row)
    if connection.scalar(select(reminders.c.id).where(reminders.c.id == id)):
        raise PermissionDenied
    raise MissingReminder


def write_change(
    connection: Connection,
    current: Reminder,
    changed: Reminder,
    change: OccurrenceChange | None = None,
) -> bool:
    """Write the change and its events, unless `current` is out of date."""
    statement = owned_by_user(update(reminders), current.user_id, current.id)
    statement = statement.where(reminders.c.version == current.version)
    if connection.execute(statement.values(changed_row(changed))).rowcount == 0:
        return False
    append(connection, *events.of_change(current, changed, change))
    return True


def count_reminders(connection: Connection, user_id: str) -> int:
    mine = select(func.count()).select_from(reminders).where(reminders.c.user_id == user_id)
    return connection.scalar(mine) or 0


def row_of(reminder: Reminder) -> dict[str, Any]:
    row = vars(reminder) | columns_of(reminder.content, reminders)
    return row | {name: list(row[name]) for name in _LISTS} | {"local_version": reminder.version}


def changed_row(reminder: Reminder) -> dict[str, Any]:
    """Return the values of an update, which keeps the content that a later version wrote."""
    row, column = row_of(reminder), reminders.c.content
    known = [field.alias or name for name, field in Content.model_fields.items()]
    return row | {"content": column.op("-")(literal(known, ARRAY(Text))).concat(row["content"])}


def reminder_of(row: Mapping[Any, Any]) -> Reminder:
    """Return a reminder; wall-clock times that an earlier version left behind are out of date."""
    fields = {**row, **{name: tuple(row[name]) for name in _LISTS}}
    fields["channel"] = fields.pop("notify_type")
    content = take_content(fields)
    if fields.pop("local_version") != row["version"]:
        fields |= {"local_date": None, "local_except_dates": ()}
    return Reminder(content=content, **fields)
