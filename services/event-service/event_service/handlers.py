"""Maps types of events to the actions of this service."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import cast

from event_messages.contract import (
    NotificationDeleted,
    PendingNotification,
    PreferencesUpdated,
    Reminder,
    ReminderDeleted,
    data_of,
)
from event_messages.errors import UnknownEvent
from event_messages.event import Event
from pydantic import BaseModel
from service_runtime.recurrence_rule import InvalidRule

from event_service import schedule
from event_service.errors import ForeignData, OutdatedEvent, UnusableSchedule
from event_service.event_store import DynamoEventStore
from event_service.notifications import PostgresNotifications

RETENTION = timedelta(days=90)


def schedule_reminder(
    event: Event, data: BaseModel, notifications: PostgresNotifications, _: DynamoEventStore
) -> None:
    try:
        wanted = schedule.of_reminder(cast(Reminder, data), event.occurred_at)
    except InvalidRule as error:
        raise UnusableSchedule(str(error)) from error
    notifications.put(wanted)


def schedule_notification(
    event: Event, data: BaseModel, notifications: PostgresNotifications, _: DynamoEventStore
) -> None:
    notifications.put(schedule.of_command(cast(PendingNotification, data)))


def cancel(
    event: Event, data: BaseModel, notifications: PostgresNotifications, _: DynamoEventStore
) -> None:
    deleted = cast(ReminderDeleted | NotificationDeleted, data)
    notifications.remove(deleted.id, deleted.version, event.user_id)


def keep_preferences(
    event: Event, data: BaseModel, _: PostgresNotifications, store: DynamoEventStore
) -> None:
    store.keep_preferences(cast(PreferencesUpdated, data))


def remember(
    event: Event, data: BaseModel, _: PostgresNotifications, store: DynamoEventStore
) -> None:
    """Do nothing: `handle` stores the event."""


ACTIONS: dict[str, Callable[[Event, BaseModel, PostgresNotifications, DynamoEventStore], None]] = {
    "reminder:created": schedule_reminder,
    "reminder:updated": schedule_reminder,
    "reminder:deleted": cancel,
    "notification:create": schedule_notification,
    "notification:update": schedule_notification,
    "notification:delete": cancel,
    "notification:created": remember,
    "notification:updated": remember,
    "notification:deleted": remember,
    "notification:send": remember,
    "notification:delivered": remember,
    "notification:failed": remember,
    "device:registered": remember,
    "device:removed": remember,
    "preferences:updated": keep_preferences,
}


def handle(
    event: Event,
    notifications: PostgresNotifications,
    store: DynamoEventStore,
    retention: timedelta = RETENTION,
) -> None:
    """Act on one event, then store it.

    SQS can deliver events twice and in any order. Both steps can be repeated: actions depend on id
    and version, and the store contains each event id once.
    """
    if event.type not in ACTIONS:
        raise UnknownEvent(f"the event service has no action for {event.type}")
    data = data_of(event)
    if getattr(data, "user_id", event.user_id) != event.user_id:
        raise ForeignData(f"{event.type} names another user in its data than in its envelope")
    _check_age(event, retention)
    ACTIONS[event.type](event, data, notifications, store)
    store.append(event)


def _check_age(event: Event, retention: timedelta) -> None:
    """Reject an event of a reminder if it is older than stored deletions."""
    if event.item_type == "reminder" and event.occurred_at < datetime.now(UTC) - retention:
        raise OutdatedEvent(
            f"{event.type} occurred at {event.occurred_at:%Y-%m-%d}; deletions are remembered for "
            f"{retention.days} days, so its reminder may be deleted. Save the reminder again."
        )
