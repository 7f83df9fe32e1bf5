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


def test_what_is_deferred_waits_and_is_told_with_its_reason(notifications):
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
def test_what_the_user_has_handled_or_moved_is_withdrawn(notifications, order, series, change):
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
def test_what_the_user_did_not_touch_stays(notifications, order):
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
def test_a_deleted_reminder_takes_with_it_what_was_deferred(notifications, order):
    steps = [
        lambda: notifications.put(reminder()),
        lambda: notifications.remove(ID, 2, "ada"),
        lambda: notifications.put(deferred()),
    ]
    for step in order:
        steps[step]()
    stored = notifications.get(DEFERRED)
    assert stored is None or (stored.state, stored.content.message) == ("deleted", "")


def test_a_new_text_reaches_what_was_deferred(notifications):
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


def test_a_text_that_was_changed_before_the_deferral_counts(notifications):
    notifications.put(reminder())
    notifications.put(reminder(2, message="Coffee", email="new@example.org"))
    notifications.put(deferred(email="old@example.org"))
    stored = notifications.get(DEFERRED)
    assert (stored.content.message, stored.content.email) == ("Coffee", "new@example.org")


def test_a_deferred_snooze_ends_with_its_snooze_and_not_with_the_series(notifications):
    notifications.put(reminder(1, **DAILY))
    notifications.put(reminder(2, handled_through=DATE, **DAILY))
    notifications.put(snooze(2))
    notifications.put(deferred(SNOOZE))
    assert notifications.get(DEFERRED).state == "pending"
    notifications.remove(SNOOZE, 3, "ada")
    assert notifications.get(DEFERRED).state == "deleted"


def test_a_snooze_that_ended_before_takes_nothing_in(notifications):
    notifications.put(snooze(2))
    notifications.remove(SNOOZE, 3, "ada")
    notifications.put(deferred(SNOOZE))
    assert notifications.get(DEFERRED) is None


def test_what_was_deferred_twice_follows_the_first(notifications):
    notifications.put(reminder(1))
    notifications.put(deferred())
    notifications.put(deferred(DEFERRED, id=AGAIN))
    assert notifications.get(AGAIN).deferred_from == ID
    notifications.put(reminder(2, handled_through=DATE))
    assert notifications.get(DEFERRED).state == notifications.get(AGAIN).state == "deleted"


def test_what_belongs_to_no_reminder_is_deferred_as_well(notifications):
    alone = {"reminder_id": None}
    notifications.put(snooze(**alone))
    notifications.put(deferred(SNOOZE, **alone))
    assert notifications.get(DEFERRED).state == "pending"
    notifications.remove(SNOOZE, 2, "ada")
    assert notifications.get(DEFERRED).state == "deleted"
