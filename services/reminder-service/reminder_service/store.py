"""Reminders in PostgreSQL; each write also stores its event, in the same transaction."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from event_messages.contract import OccurrenceChange
from service_runtime.outbox import append
from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from reminder_service import events
from reminder_service.errors import MissingReminder, PermissionDenied, TooManyReminders
from reminder_service.idempotency import KEPT, KeyedAnswer
from reminder_service.reminders import Reminder
from reminder_service.tables import keyed_answers, reminders

REMINDERS_PER_USER = 10_000


class Reminders(Protocol):
    """What the API asks of a store."""

    def add(
        self, added: Sequence[Reminder], answer: KeyedAnswer | None = None
    ) -> KeyedAnswer | None:
        """Add reminders of one user; an earlier answer to the same key instead, if there is one."""

    def answered(self, user_id: str, key: str, now: datetime) -> KeyedAnswer | None:
        """The answer that was given to the key within the last day."""

    def find(self, user_id: str, id: UUID) -> Reminder: ...

    def page(self, user_id: str, limit: int, offset: int) -> tuple[list[Reminder], int]:
        """Some of the user's reminders, the soonest first, and how many there are in all."""

    def time_zones(self, user_id: str) -> list[str]:
        """Those of the user's reminders that are not completed."""

    def open_after(self, user_id: str, last: Reminder | None, limit: int) -> list[Reminder]:
        """Some that are not completed, the soonest first, from the one that follows `last` on."""

    def change(
        self,
        user_id: str,
        id: UUID,
        make: Callable[[Reminder], Reminder],
        change: OccurrenceChange | None = None,
    ) -> Reminder:
        """Replace the user's reminder by what `make` makes of it, unless that is the same.

        `change` is what the event calls it, when it is no edit.
        """

    def remove(self, user_id: str, id: UUID, check: Callable[[Reminder], None]) -> None:
        """Delete the user's reminder unless `check` refuses."""

    def forget_answers(self, now: datetime) -> int:
        """Remove the answers that are older than a day; how many they were."""


class PostgresReminders:
    """Rows belong to their user: every statement names the user, so no check can be forgotten."""

    def __init__(self, engine: Engine, per_user: int = REMINDERS_PER_USER) -> None:
        self._engine, self._per_user = engine, per_user

    def add(
        self, added: Sequence[Reminder], answer: KeyedAnswer | None = None
    ) -> KeyedAnswer | None:
        if not added:
            return None
        user_id = added[0].user_id
        with self._engine.begin() as connection:
            _lock_user(connection, user_id)
            if answer and (
                earlier := _answered(connection, user_id, answer.key, answer.answered_at)
            ):
                return earlier.repeated_for(answer.fingerprint)
            if _count(connection, user_id) + len(added) > self._per_user:
                raise TooManyReminders
            connection.execute(insert(reminders), [_row(reminder) for reminder in added])
            append(connection, *(events.created(reminder) for reminder in added))
            if answer:
                _keep(connection, answer)
        return None

    def answered(self, user_id: str, key: str, now: datetime) -> KeyedAnswer | None:
        with self._engine.connect() as connection:
            return _answered(connection, user_id, key, now)

    def find(self, user_id: str, id: UUID) -> Reminder:
        with self._engine.connect() as connection:
            row = connection.execute(_owned(user_id, id)).mappings().one_or_none()
        if row is None:
            raise MissingReminder
        return _reminder(row)

    def page(self, user_id: str, limit: int, offset: int) -> tuple[list[Reminder], int]:
        mine = select(reminders).where(reminders.c.user_id == user_id)
        query = mine.order_by(reminders.c.date, reminders.c.id).limit(limit).offset(offset)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
            return [_reminder(row) for row in rows], _count(connection, user_id)

    def time_zones(self, user_id: str) -> list[str]:
        query = select(reminders.c.time_zone).where(*_open(user_id)).distinct()
        with self._engine.connect() as connection:
            return sorted(connection.scalars(query))

    def open_after(self, user_id: str, last: Reminder | None, limit: int) -> list[Reminder]:
        query = select(reminders).where(*_open(user_id)).order_by(*PLACE.clauses).limit(limit)
        if last:
            query = query.where(PLACE > (last.date, last.id))
        with self._engine.connect() as connection:
            return [_reminder(row) for row in connection.execute(query).mappings()]

    def change(
        self,
        user_id: str,
        id: UUID,
        make: Callable[[Reminder], Reminder],
        change: OccurrenceChange | None = None,
    ) -> Reminder:
        with self._engine.begin() as connection:
            current = _locked(connection, user_id, id)
            changed = make(current)
            if changed != current:
                connection.execute(_of_user(update(reminders), user_id, id).values(_row(changed)))
                append(connection, *events.of_change(current, changed, change))
        return changed

    def remove(self, user_id: str, id: UUID, check: Callable[[Reminder], None]) -> None:
        with self._engine.begin() as connection:
            reminder = _locked(connection, user_id, id)
            check(reminder)
            connection.execute(_of_user(delete(reminders), user_id, id))
            append(connection, events.deleted(reminder))

    def forget_answers(self, now: datetime) -> int:
        with self._engine.begin() as connection:
            old = keyed_answers.c.answered_at <= now - KEPT
            return connection.execute(delete(keyed_answers).where(old)).rowcount


PLACE = tuple_(reminders.c.date, reminders.c.id)  # the soonest first


def _open(user_id: str) -> tuple[Any, Any]:
    return reminders.c.user_id == user_id, reminders.c.completed_at.is_(None)


def _of_user(statement: Any, user_id: str, id: UUID) -> Any:
    return statement.where(reminders.c.user_id == user_id, reminders.c.id == id)


def _owned(user_id: str, id: UUID) -> Any:
    return _of_user(select(reminders), user_id, id)


def _locked(connection: Connection, user_id: str, id: UUID) -> Reminder:
    """The user's reminder, which no one else changes before the transaction ends."""
    row = connection.execute(_owned(user_id, id).with_for_update()).mappings().one_or_none()
    if row is not None:
        return _reminder(row)
    if connection.scalar(select(reminders.c.id).where(reminders.c.id == id)):
        raise PermissionDenied
    raise MissingReminder


def _lock_user(connection: Connection, user_id: str) -> None:
    """One addition of a user at a time: limit and idempotency hold; freed at the commit."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(user_id, 0))))


def _count(connection: Connection, user_id: str) -> int:
    mine = select(func.count()).select_from(reminders).where(reminders.c.user_id == user_id)
    return connection.scalar(mine) or 0


def _answered(connection: Connection, user_id: str, key: str, now: datetime) -> KeyedAnswer | None:
    query = select(keyed_answers).where(
        keyed_answers.c.user_id == user_id,
        keyed_answers.c.key == key,
        keyed_answers.c.answered_at > now - KEPT,
    )
    row = connection.execute(query).mappings().one_or_none()
    return KeyedAnswer(**row) if row else None


def _keep(connection: Connection, answer: KeyedAnswer) -> None:
    """In the place of an answer to the same key that is older than a day."""
    same = (keyed_answers.c.user_id == answer.user_id) & (keyed_answers.c.key == answer.key)
    connection.execute(delete(keyed_answers).where(same))
    connection.execute(insert(keyed_answers).values(asdict(answer)))


def _row(reminder: Reminder) -> dict[str, Any]:
    return {**asdict(reminder), "except_dates": list(reminder.except_dates)}


def _reminder(row: RowMapping) -> Reminder:
    return Reminder(**{**row, "except_dates": tuple(row["except_dates"])})
