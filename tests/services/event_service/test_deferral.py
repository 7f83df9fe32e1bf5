"""What was deferred follows what it comes from: in memory and in PostgreSQL."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from event_messages.contract import PendingNotification
from event_service.schedule import of_command

from tests.services.event_service.test_notifications import DATE, ID, SNOOZE, reminder, snooze, told

DEFERRED = UUID("0190a5f0-0000-7000-8000-000000000003")
AGAIN = UUID("0190a5f0-0000-7000-8000-000000000004")
MORNING = DATE + timedelta(hours=10)
DAILY: dict[str, Any] = {"is_recurring": True, "rule": "FREQ=DAILY"}


def deferred(origin: UUID = ID, **changes: Any):
    values = {
        "id": DEFERRED,
        "version": 1,
        "user_id": "ada",
        "deliver_at": MORNING,
        "occurrence": DATE,
        "message": "Tea",
        "reminder_id": ID,
        "reason": "QUIET_HOURS",
        "deferred_from": origin,
    }
    return of_command(PendingNotification(**(values | changes)))


def test_deferred_notification_is_published_with_reason(notifications):
    notifications.put(reminder())
    for _ in range(2):
        notifications.put(deferred())
    assert notifications.get(DEFERRED) == deferred(time_zone="UTC")
    [_, event] = notifications.announced
    assert event.type == "notification:created"
    assert event.data["reason"] == "QUIET_HOURS"
    assert event.data["deferredFrom"] == event.data["reminderId"] == str(ID)
    assert event.data["deliverAt"] == "2030-01-02T19:00:00Z"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
@pytest.mark.parametrize("series", [{}, DAILY])
@pytest.mark.parametrize(
    "change",
    [
        {"handled_through": DATE},
        {"completed": True},
        {"date": DATE + timedelta(hours=1)},
    ],
)
def test_handled_or_moved_deferral_is_withdrawn(notifications, order, series, change):
    written_at = DATE + timedelta(minutes=5)
    steps = [
        lambda: notifications.put(reminder(1, **series)),
        lambda: notifications.put(reminder(2, written_at=written_at, **(series | change))),
        lambda: notifications.put(deferred()),
    ]
    for step in order:
        steps[step]()
    stored = notifications.get(DEFERRED)
    assert stored is None or stored.state == "deleted"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_untouched_deferral_stays(notifications, order):
    earlier = DATE - timedelta(days=1)
    start: dict[str, Any] = {"date": earlier, **DAILY}
    steps = [
        lambda: notifications.put(reminder(1, **start)),
        lambda: notifications.put(reminder(2, handled_through=earlier, **start)),
        lambda: notifications.put(deferred()),
    ]
    for step in order:
        steps[step]()
    assert notifications.get(DEFERRED).state == "pending"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
def test_deletion_withdraws_deferred_notifications(notifications, order):
    steps = [
        lambda: notifications.put(reminder()),
        lambda: notifications.remove(ID, 2, "ada"),
        lambda: notifications.put(deferred()),
    ]
    for step in order:
        steps[step]()
    stored = notifications.get(DEFERRED)
    assert stored is None or (stored.state, stored.content.message) == ("deleted", "")


def test_new_text_reaches_deferred_notifications(notifications):
    notifications.put(reminder(1))
    notifications.put(deferred())
    later = DATE + timedelta(minutes=5)
    notifications.put(reminder(2, written_at=later, message="Coffee", urgent=True))
    stored = notifications.get(DEFERRED)
    assert (stored.content.message, stored.content.urgent) == ("Coffee", True)
    assert stored.deliver_at == MORNING
    assert (stored.version, stored.reason) == (2, "QUIET_HOURS")
    notifications.put(deferred())
    assert notifications.get(DEFERRED) == stored
    assert told(notifications)[-1] == ("notification:updated", 2)


def test_text_changed_before_deferral_counts(notifications):
    notifications.put(reminder())
    notifications.put(reminder(2, message="Coffee", email="new@example.org"))
    notifications.put(deferred(email="old@example.org"))
    stored = notifications.get(DEFERRED)
    assert (stored.content.message, stored.content.email) == ("Coffee", "new@example.org")


def test_deferred_snooze_ends_with_its_snooze(notifications):
    notifications.put(reminder(1, **DAILY))
    notifications.put(reminder(2, handled_through=DATE, **DAILY))
    notifications.put(snooze(2))
    notifications.put(deferred(SNOOZE))
    assert notifications.get(DEFERRED).state == "pending"
    notifications.remove(SNOOZE, 3, "ada")
    assert notifications.get(DEFERRED).state == "deleted"


def test_ended_snooze_defers_nothing(notifications):
    notifications.put(snooze(2))
    notifications.remove(SNOOZE, 3, "ada")
    notifications.put(deferred(SNOOZE))
    assert notifications.get(DEFERRED) is None


def test_second_deferral_follows_the_first(notifications):
    notifications.put(reminder(1))
    notifications.put(deferred())
    notifications.put(deferred(DEFERRED, id=AGAIN))
    assert notifications.get(AGAIN).deferred_from == ID
    notifications.put(reminder(2, handled_through=DATE))
    assert notifications.get(DEFERRED).state == notifications.get(AGAIN).state == "deleted"


def test_notification_without_reminder_is_deferred(notifications):
    alone = {"reminder_id": None}
    notifications.put(snooze(**alone))
    notifications.put(deferred(SNOOZE, **alone))
    assert notifications.get(DEFERRED).state == "pending"
    notifications.remove(SNOOZE, 2, "ada")
    assert notifications.get(DEFERRED).state == "deleted"
