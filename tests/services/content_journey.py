"""Takes one reminder through the code of every service: `content_journey.py BODY CHANGE URLS`.

Prints by stage the content that it passes on. `URLS` are the addresses of the databases by name.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from event_messages.event import Event
from event_messages.identifiers import uuid7
from event_service.handlers import handle
from event_service.notifications import PostgresNotifications
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.messages import create_sendings
from notification_service.deferral_store import PostgresDeferrals
from notification_service.deferrals import DigestItem, digest_notification, later_notification
from notification_service.deliveries import NO_TARGET, delivery_of
from notification_service.fcm_message import Push, message_of
from notification_service.sending import item_of
from notification_service.texts import PushText, Reader, values_of
from notification_service.waiting import due_of
from psycopg_pool import ConnectionPool
from reminder_service.bodies import NewReminder, ReminderAnswer, ReminderChange
from reminder_service.occurrences import snooze_reminder
from reminder_service.reminders import changed_reminder, new_reminder
from reminder_service.store import PostgresReminders
from service_runtime.identity import Caller
from sqlalchemy import Engine, create_engine, text

CALLER = Caller(user_id="ada", email="ada@example.org")
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=3)


class ForgetfulStore:
    def append(self, event: Event) -> None:
        """Forget the event."""

    def keep_preferences(self, preferences: object) -> None:
        """Forget the preferences."""


def travel(body: str, change: str, urls: Mapping[str, str]) -> dict[str, Any]:
    reminders, notifications, devices = (
        create_engine(urls[name]) for name in ("reminders", "notifications", "devices")
    )
    stages = write(PostgresReminders(reminders), body, change)
    published = {event.type: event for event in reversed(events_of(reminders))}
    stages |= {type: event.data for type, event in published.items()}
    table = PostgresNotifications(notifications)
    handle(published["reminder:updated"], table, ForgetfulStore())
    with notifications.begin() as connection:
        connection.execute(text("update notifications set deliver_at = now()"))
    with ConnectionPool(urls["notifications"].replace("+psycopg", ""), min_size=1) as pool:
        [sending] = create_sendings(PostgresDueNotifications(pool, lease=60).claim(10))
    return stages | deliver(Event.from_json(sending.body), devices)


def write(store: PostgresReminders, body: str, change: str) -> dict[str, Any]:
    named = NewReminder.model_validate_json(body).named()
    reminder = new_reminder(uuid7(), named, CALLER, NOW)
    store.add([reminder])
    changes = ReminderChange.model_validate_json(change).named()
    store.change("ada", reminder.id, lambda one: changed_reminder(one, changes, CALLER, NOW))
    store.change("ada", reminder.id, lambda one: snooze_reminder(one, LATER, NOW), "snoozed")
    answer = ReminderAnswer.of(store.find("ada", reminder.id), NOW)
    return {"answer": answer.model_dump(mode="json", by_alias=True)}


def events_of(reminders: Engine) -> list[Event]:
    with reminders.connect() as connection:
        bodies = connection.scalars(text("select body from outbox order by position"))
        return [Event.from_json(body) for body in bodies]


def deliver(event: Event, devices: Engine) -> dict[str, Any]:
    due = due_of(event)
    push = Push(
        token="valid-1",
        text=PushText(title="Reminder", body=due.message),
        notification_id=due.notification_id,
        occurrence_id=due.occurrence_id,
        occurrence=due.occurrence,
        content=due.content,
    )
    later = later_notification(due, "ada", LATER, "QUIET_HOURS")
    deferrals = PostgresDeferrals(devices)
    digest = digest_notification("ada", "ada@example.org", LATER)
    deferrals.add_to_digest(delivery_of(due, "ada", NO_TARGET), DigestItem.of(due), digest)
    [collected] = deferrals.close(digest.id)
    return {
        "notification:send": event.data,
        "push": message_of(push)["data"],
        "template": values_of("en", Reader(), [item_of(due)], 1)["item"],
        "deferral": later.model_dump(mode="json", by_alias=True),
        "digest": collected.content.model_dump(mode="json", by_alias=True),
    }


if __name__ == "__main__":
    body, change, urls = sys.argv[1:]
    print(json.dumps(travel(body, change, json.loads(urls)), default=str))
