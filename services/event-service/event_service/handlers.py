"""What each event means to this service."""

from collections.abc import Callable
from typing import Protocol, cast
from uuid import UUID

from event_messages.contract import (
    NotificationDeleted,
    PendingNotification,
    Reminder,
    ReminderDeleted,
    data_of,
)
from event_messages.errors import UnknownEvent
from event_messages.event import Event
from pydantic import BaseModel
from service_runtime.recurrence import InvalidRule

from event_service import schedule
from event_service.errors import ForeignData, UnusableSchedule
from event_service.notification import Notification


class EventStore(Protocol):
    def append(self, event: Event) -> None:
        """Keep the event; a repeat changes nothing."""


class Notifications(Protocol):
    def put(self, notification: Notification) -> None:
        """Store it, unless it or its deletion is stored as new or newer."""

    def remove(self, id: UUID, version: int, user_id: str) -> None:
        """Delete it and what was asked for on its account, unless it is stored newer."""


def schedule_reminder(event: Event, data: BaseModel, notifications: Notifications) -> None:
    try:
        wanted = schedule.of_reminder(cast(Reminder, data), event.occurred_at)
    except InvalidRule as error:
        raise UnusableSchedule(str(error)) from error
    notifications.put(wanted)


def schedule_notification(event: Event, data: BaseModel, notifications: Notifications) -> None:
    notifications.put(schedule.of_command(cast(PendingNotification, data)))


def cancel(event: Event, data: BaseModel, notifications: Notifications) -> None:
    deleted = cast(ReminderDeleted | NotificationDeleted, data)
    notifications.remove(deleted.id, deleted.version, event.user_id)


def remember(event: Event, data: BaseModel, notifications: Notifications) -> None:
    """Nothing but the event store is to change."""


ACTIONS: dict[str, Callable[[Event, BaseModel, Notifications], None]] = {
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
}


def handle(event: Event, notifications: Notifications, store: EventStore) -> None:
    """Act on one event, then remember it.

    An event may come twice and in any order, so both steps are safe to repeat: actions go by
    id and version, and the store keeps one copy of each event id.
    """
    if event.type not in ACTIONS:
        raise UnknownEvent(f"the event service has no action for {event.type}")
    data = data_of(event)
    if getattr(data, "user_id", event.user_id) != event.user_id:
        raise ForeignData(f"{event.type} names another user in its data than in its envelope")
    ACTIONS[event.type](event, data, notifications)
    store.append(event)
