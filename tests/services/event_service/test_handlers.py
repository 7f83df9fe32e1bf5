"""What each event does, with the fakes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from event_messages.contract import DATA
from event_messages.errors import MalformedEvent, Refused, UnknownEvent
from event_messages.event import Event
from event_service.errors import ForeignData, OutdatedEvent, UnusableSchedule
from event_service.handlers import ACTIONS, handle

from tests.services.event_service.fakes import InMemoryEventStore, InMemoryNotifications

ID = UUID("0190a5f0-0000-7000-8000-000000000001")
NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def notifications() -> InMemoryNotifications:
    return InMemoryNotifications()


@pytest.fixture
def store() -> InMemoryEventStore:
    return InMemoryEventStore()


def event(type: str, data: dict[str, Any], user_id: str = "ada") -> Event:
    return Event.new(type, user_id, data, NOW)


def created(**changes: Any) -> Event:
    data = {
        "id": str(ID),
        "version": 1,
        "userId": "ada",
        "date": "2030-01-02T09:00:00Z",
        "notifyOffset": 15,
        "message": "Tea",
        **changes,
    }
    return event("reminder:created", data)


def test_a_new_reminder_schedules_its_notification(notifications, store):
    handle(created(), notifications, store)
    stored = notifications.get(ID)
    assert (stored.state, stored.deliver_at) == ("pending", datetime(2030, 1, 2, 8, 45, tzinfo=UTC))
    assert [item["type"] for item in store.items] == ["reminder:created"]


def test_reminder_older_than_deletions_is_refused(notifications, store):
    old = Event.new("reminder:created", "ada", created().data, datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(OutdatedEvent, match="occurred at 2020-01-01; deletions are remembered"):
        handle(old, notifications, store)
    assert (notifications.get(ID), store.items) == (None, [])


def test_preferences_are_kept_for_other_services(notifications, store):
    for version, zone in ((2, "Europe/Paris"), (1, "Asia/Tokyo")):
        data = {"userId": "ada", "timeZone": zone, "version": version}
        handle(event("preferences:updated", data), notifications, store)
    kept = {"userId": "ada", "id": "preferences", "timeZone": "Europe/Paris", "version": 2}
    assert store.preferences == {"ada": kept}
    assert len(store.items) == 2


def test_recurring_reminder_without_rule_is_daily(notifications, store):
    handle(created(isRecurring=True), notifications, store)
    assert notifications.get(ID).rule == "FREQ=DAILY"


def test_unused_rule_is_ignored(notifications, store):
    handle(created(rule="FREQ=DAILY"), notifications, store)
    assert notifications.get(ID).rule is None


def test_a_redelivered_event_changes_nothing(notifications, store):
    once = created()
    for _ in range(2):
        handle(once, notifications, store)
    assert len(store.items) == len(notifications.announced) == 1


def test_a_deleted_reminder_cancels_its_notification(notifications, store):
    handle(created(), notifications, store)
    gone = {"id": str(ID), "version": 2, "userId": "ada"}
    handle(event("reminder:deleted", gone), notifications, store)
    assert notifications.get(ID).state == "deleted"


def test_commands_store_and_delete_a_notification(notifications, store):
    command = {
        "id": str(ID),
        "version": 1,
        "userId": "ada",
        "deliverAt": "2030-01-02T08:00:00Z",
        "occurrence": "2030-01-02T09:00:00Z",
        "message": "Tea",
    }
    handle(event("notification:create", command), notifications, store)
    handle(event("notification:update", {**command, "version": 2}), notifications, store)
    assert notifications.get(ID).version == 2
    handle(event("notification:delete", {"id": str(ID), "version": 3}), notifications, store)
    assert notifications.get(ID).state == "deleted"
    assert [item["type"] for item in store.items] == [
        "notification:create",
        "notification:update",
        "notification:delete",
    ]


def test_an_outcome_is_only_remembered(notifications, store):
    outcome = {
        "notificationId": str(ID),
        "reminderId": str(ID),
        "occurrenceId": str(ID),
        "channel": "push",
        "target": "a-device",
        "settledAt": "2030-01-02T09:00:01Z",
    }
    handle(event("notification:delivered", outcome), notifications, store)
    assert notifications.get(ID) is None
    assert [item["reminderId"] for item in store.items] == [str(ID)]


def test_sent_notification_is_stored_without_changes(notifications, store):
    handle(created(), notifications, store)
    kept = notifications.get(ID)
    announced = {
        "notificationId": str(ID),
        "reminderId": str(ID),
        "occurrenceId": str(ID),
        "occurrence": "2030-01-02T09:00:00Z",
        "deliverAt": "2030-01-02T08:00:00Z",
        "channel": "push",
        "message": "Tea",
    }
    handle(event("notification:send", announced), notifications, store)
    assert notifications.get(ID) == kept
    assert [(item["type"], item["reminderId"]) for item in store.items] == [
        ("reminder:created", str(ID)),
        ("notification:send", str(ID)),
    ]


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        (event("reminder:snoozed", {}), UnknownEvent),
        (event("notification:send", {}), MalformedEvent),
        (event("reminder:created", {"id": str(ID)}), MalformedEvent),
        (created(userId="eve"), ForeignData),
        (created(isRecurring=True, rule="FREQ=SOMETIMES"), UnusableSchedule),
        (created(isRecurring=True, timeZone="Mars/Base"), UnusableSchedule),
    ],
)
def test_unusable_events_are_refused_unstored(notifications, store, refused, error):
    with pytest.raises(error) as raised:
        handle(refused, notifications, store)
    assert isinstance(raised.value, Refused)
    assert not store.items
    assert notifications.get(ID) is None


def test_every_event_type_has_an_action():
    assert set(DATA) == set(ACTIONS)


def test_event_is_stored_after_its_action(store):
    class Broken(InMemoryNotifications):
        def put(self, notification: Any) -> None:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        handle(created(), Broken(), store)
    assert not store.items
