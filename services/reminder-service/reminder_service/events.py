"""Creates the events of the writes of this service."""

from typing import Any

from event_messages.content import Content
from event_messages.contract import (
    NotificationDeleted,
    OccurrenceChange,
    PendingNotification,
    ReminderDeleted,
    ReminderUpdated,
)
from event_messages.contract import Reminder as ReminderData
from event_messages.event import Event

from reminder_service.occurrences import snooze_id
from reminder_service.reminders import Reminder


def created(reminder: Reminder) -> Event:
    data = ReminderData(**_data(reminder))
    return Event.new("reminder:created", reminder.user_id, data, reminder.updated_at)


def updated(reminder: Reminder, change: OccurrenceChange | None = None) -> Event:
    until = reminder.snoozed_until if change == "snoozed" else None
    data = ReminderUpdated(**_data(reminder), change=change, until=until)
    return Event.new("reminder:updated", reminder.user_id, data, reminder.updated_at)


def of_change(
    before: Reminder, after: Reminder, change: OccurrenceChange | None = None
) -> list[Event]:
    """Return the events of a write: one of the reminder, and commands for its snoozes."""
    return [updated(after, change), *_ended_snooze(before, after), *_snooze(before, after)]


def _ended_snooze(before: Reminder, after: Reminder) -> list[Event]:
    id = snooze_id(before)
    if id is None or id == snooze_id(after):
        return []
    data = NotificationDeleted(id=id, version=after.version, reminder_id=after.id)
    return [Event.new("notification:delete", after.user_id, data, after.updated_at)]


def _snooze(before: Reminder, after: Reminder) -> list[Event]:
    id, known = snooze_id(after), snooze_id(before)
    occurrence, until = after.snoozed_occurrence, after.snoozed_until
    if id is None or occurrence is None or until is None or until <= after.updated_at:
        return []
    data = PendingNotification(
        id=id,
        version=after.version,
        user_id=after.user_id,
        deliver_at=until,
        occurrence=occurrence,
        reminder_id=after.id,
        time_zone=after.time_zone,
        explicit_time=True,
        **dict(after.content),
    )
    command = "notification:update" if id == known else "notification:create"
    return [Event.new(command, after.user_id, data, after.updated_at)]


def deleted(reminder: Reminder) -> Event:
    """Return the event of a deletion, whose version is one higher than the last."""
    data = ReminderDeleted(id=reminder.id, version=reminder.version + 1, user_id=reminder.user_id)
    return Event.new("reminder:deleted", reminder.user_id, data)


def _data(reminder: Reminder) -> dict[str, Any]:
    own = ReminderData.model_fields.keys() - Content.model_fields - {"completed"}
    return {
        **dict(reminder.content),
        **{name: getattr(reminder, name) for name in own},
        "completed": reminder.completed_at is not None,
    }
