"""Stores imported events in PostgreSQL, with the reminders of each."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service_runtime.database import take_turn
from service_runtime.outbox import append
from sqlalchemy import (
    ARRAY,
    Connection,
    Engine,
    RowMapping,
    Text,
    Uuid,
    any_,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from reminder_service import events
from reminder_service.calendar.identity import Key, Version
from reminder_service.errors import TooManyReminders
from reminder_service.idempotency import KeyedAnswer, find_repeated, keep_answer
from reminder_service.reminders import Reminder
from reminder_service.store import (
    REMINDERS_PER_USER,
    count_reminders,
    reminder_of,
    row_of,
    write_change,
)
from reminder_service.tables import imported_events, reminders

_KEY = ["user_id", "uid", "occurrence"]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Mark:
    """Stores the version of an event at its last import."""

    key: Key
    version: Version
    fingerprint: str


@dataclass(frozen=True)
class MarkedReminder:
    reminder: Reminder
    mark: Mark


@dataclass(frozen=True)
class Write:
    """Describes a reminder to create, or to change from `before`."""

    reminder: Reminder
    mark: Mark
    before: Reminder | None = None


def mark_export(reminder: Reminder) -> MarkedReminder:
    """Return the identity of a reminder in its own export."""
    version = Version(reminder.version - 1, reminder.updated_at.replace(microsecond=0))
    return MarkedReminder(reminder, Mark((str(reminder.id), ""), version, ""))


class ImportChanged(Exception):
    """Reports a concurrent change of a reminder; plan the import again."""


class PostgresImports:
    """Reads without a lock, and writes only if no reminder has changed since."""

    def __init__(self, engine: Engine, per_user: int = REMINDERS_PER_USER) -> None:
        self._engine, self._per_user = engine, per_user

    def find(self, user_id: str, uids: Iterable[str]) -> Mapping[Key, MarkedReminder]:
        """Return the user's reminders of these UIDs, imported or exported under their ids."""
        wanted = list(uids)
        with self._engine.connect() as connection:
            own = connection.execute(_of_ids(user_id, wanted)).mappings().all()
            imported = connection.execute(_of_uids(user_id, wanted)).mappings().all()
        found = {(str(row["id"]), ""): mark_export(reminder_of(row)) for row in own}
        found |= {(row["uid"], row["occurrence"]): _marked_reminder(row) for row in imported}
        return found

    def save(
        self, user_id: str, writes: Sequence[Write], answer: KeyedAnswer | None = None
    ) -> KeyedAnswer | None:
        """Save all writes or none, or return the earlier answer to the same key.

        Raises ImportChanged if a reminder has changed since the plan.
        """
        if not writes:
            return None
        with self._engine.begin() as connection:
            take_turn(connection, user_id)
            if earlier := find_repeated(connection, user_id, answer):
                return earlier
            self._create(connection, user_id, [one for one in writes if one.before is None])
            for write in writes:
                if write.before and not write_change(connection, write.before, write.reminder):
                    raise ImportChanged
            _mark(connection, user_id, writes)
            if answer:
                keep_answer(connection, answer)
        return None

    def _create(self, connection: Connection, user_id: str, writes: Sequence[Write]) -> None:
        if not writes:
            return
        keys = {write.mark.key for write in writes}
        imported = connection.execute(_of_uids(user_id, [uid for uid, _ in keys])).mappings()
        if keys & {(row["uid"], row["occurrence"]) for row in imported}:
            raise ImportChanged
        if count_reminders(connection, user_id) + len(writes) > self._per_user:
            raise TooManyReminders
        connection.execute(insert(reminders), [row_of(write.reminder) for write in writes])
        append(connection, *(events.created(write.reminder) for write in writes))


def _of_uids(user_id: str, uids: list[str]) -> Any:
    events_of_user = select(reminders, *_MARK).join_from(
        imported_events, reminders, imported_events.c.reminder_id == reminders.c.id
    )
    return events_of_user.where(
        imported_events.c.user_id == user_id,
        imported_events.c.uid == any_(literal(uids, ARRAY(Text))),
    )


_MARK = [
    imported_events.c[name] for name in ("uid", "occurrence", "sequence", "stamp", "fingerprint")
]


def _of_ids(user_id: str, uids: list[str]) -> Any:
    """Return the reminders whose export has one of the UIDs."""
    ids = [UUID(uid) for uid in uids if _UUID.fullmatch(uid)]
    return select(reminders).where(
        reminders.c.user_id == user_id, reminders.c.id == any_(literal(ids, ARRAY(Uuid)))
    )


def _marked_reminder(row: RowMapping) -> MarkedReminder:
    fields = dict(row)
    uid, occurrence, sequence, stamp, fingerprint = (fields.pop(one.name) for one in _MARK)
    mark = Mark((uid, occurrence), Version(sequence, stamp), fingerprint)
    return MarkedReminder(reminder_of(fields), mark)


def _mark(connection: Connection, user_id: str, writes: Sequence[Write]) -> None:
    rows = [
        {
            "user_id": user_id,
            "uid": write.mark.key[0],
            "occurrence": write.mark.key[1],
            "sequence": write.mark.version.sequence,
            "stamp": write.mark.version.stamp,
            "fingerprint": write.mark.fingerprint,
            "reminder_id": write.reminder.id,
        }
        for write in writes
    ]
    statement = insert_or_update(imported_events)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in _KEY}
    connection.execute(statement.on_conflict_do_update(index_elements=_KEY, set_=changed), rows)
