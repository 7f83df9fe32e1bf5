"""The events that the writes of this service record."""

from event_messages.contract import Reminder as ReminderData
from event_messages.contract import ReminderDeleted
from event_messages.event import Event

from reminder_service.reminders import Reminder


def created(reminder: Reminder) -> Event:
    return Event.new("reminder:created", reminder.user_id, _data(reminder), reminder.updated_at)


def updated(reminder: Reminder) -> Event:
    return Event.new("reminder:updated", reminder.user_id, _data(reminder), reminder.updated_at)


def deleted(reminder: Reminder) -> Event:
    """The deletion is a write too, so its version is one more than the last."""
    data = ReminderDeleted(id=reminder.id, version=reminder.version + 1, user_id=reminder.user_id)
    return Event.new("reminder:deleted", reminder.user_id, data)


def _data(reminder: Reminder) -> ReminderData:
    return ReminderData(
        id=reminder.id,
        version=reminder.version,
        user_id=reminder.user_id,
        email=reminder.email,
        date=reminder.date,
        is_recurring=reminder.is_recurring,
        rule=reminder.rule,
        time_zone=reminder.time_zone,
        except_dates=list(reminder.except_dates),
        notify_offset=reminder.notify_offset,
        notify_type=reminder.notify_type,
        message=reminder.message,
        url=reminder.url,
        urgent=reminder.urgent,
    )
