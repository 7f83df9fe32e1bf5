"""Matches events of a file with the reminders of earlier imports."""

from dataclasses import dataclass

from reminder_service.calendar.identity import Key, Version
from reminder_service.reminders import Reminder


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
