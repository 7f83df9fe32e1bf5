"""News of reminders may come twice and in any order: in memory and in PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from event_messages.contract import PendingNotification, Reminder
from event_service.errors import ForeignNotification
from event_service.notifications import PostgresNotifications
from event_service.schedule import of_command, of_reminder, replacement
from sqlalchemy import text

ID = UUID("0190a5f0-0000-7000-8000-000000000001")
SNOOZE = UUID("0190a5f0-0000-7000-8000-000000000002")
WRITTEN = datetime(2030, 1, 1, tzinfo=UTC)
DATE = datetime(2030, 1, 2, 9, tzinfo=UTC)


def reminder(version: int = 1, *, written_at: datetime = WRITTEN, **changes: Any):
    values = {"id": ID, "user_id": "ada", "date": DATE, "message": "Tea", **changes}
    return of_reminder(Reminder(version=version, **values), written_at)


def snooze(version: int = 1, **changes: Any):
    values = {"id": SNOOZE, "user_id": "ada", "message": "Tea", "reminder_id": ID, **changes}
    at = DATE + timedelta(minutes=10)
    command = {"version": version, "deliver_at": at, "occurrence": DATE, **values}
    return of_command(PendingNotification(**command))


def told(notifications) -> list[tuple[str, int]]:
    return [(event.type, event.data["version"]) for event in notifications.announced]


def test_new_notification_is_stored_and_published(notifications):
    wanted = reminder(
        is_recurring=True,
        rule="FREQ=WEEKLY",
        time_zone="Europe/Berlin",
        except_dates=[DATE + timedelta(days=7)],
        notify_offset=30,
        channel="email",
        email="ada@example.org",
        url="https://example.org/tea",
        urgent=True,
    )
    notifications.put(wanted)
    assert notifications.get(ID) == wanted
    assert wanted.deliver_at == DATE - timedelta(minutes=30)
    [event] = notifications.announced
    assert (event.type, event.user_id) == ("notification:created", "ada")
    assert event.data == {
        "id": str(ID),
        "version": 1,
        "userId": "ada",
        "email": "ada@example.org",
        "deliverAt": "2030-01-02T08:30:00Z",
        "occurrence": "2030-01-02T09:00:00Z",
        "channel": "email",
        "message": "Tea",
        "url": "https://example.org/tea",
        "reminderId": str(ID),
        "urgent": True,
        "timeZone": "Europe/Berlin",
        "explicitTime": True,
        "reason": None,
        "deferredFrom": None,
    }


def test_repetition_changes_and_publishes_nothing(notifications):
    for _ in range(3):
        notifications.put(reminder())
    assert told(notifications) == [("notification:created", 1)]


def test_older_version_never_overwrites_newer(notifications):
    notifications.put(reminder(2, message="New"))
    notifications.put(reminder(1, message="Old"))
    assert notifications.get(ID).content.message == "New"
    assert told(notifications) == [("notification:created", 2)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_order_has_the_same_result(notifications, order):
    steps = [
        lambda: notifications.put(reminder(1)),
        lambda: notifications.put(reminder(2, date=DATE + timedelta(days=1))),
        lambda: notifications.remove(ID, 3, "ada"),
    ]
    for step in order:
        steps[step]()
    stored = notifications.get(ID)
    assert (stored.state, stored.version, stored.content.message) == ("deleted", 3, "")
    events = told(notifications)
    assert events[-1:] == ([("notification:deleted", 3)] if order[0] != 2 else [])


def test_an_update_moves_the_delivery(notifications):
    notifications.put(reminder(1))
    notifications.put(reminder(2, date=DATE + timedelta(days=1)))
    assert notifications.get(ID).deliver_at == DATE + timedelta(days=1)
    assert told(notifications) == [("notification:created", 1), ("notification:updated", 2)]


def test_text_update_keeps_place_in_series(notifications):
    series: dict[str, Any] = {"is_recurring": True, "rule": "FREQ=DAILY"}
    notifications.put(reminder(1, **series))
    later = DATE + timedelta(days=5, hours=1)
    notifications.put(reminder(2, written_at=later, message="Coffee", **series))
    stored = notifications.get(ID)
    assert (stored.content.message, stored.version) == ("Coffee", 2)
    assert stored.occurrence == stored.deliver_at == DATE


def test_schedule_update_starts_after_the_write(notifications):
    notifications.put(reminder(1, is_recurring=True, rule="FREQ=DAILY"))
    later = DATE + timedelta(days=5, hours=1)
    notifications.put(reminder(2, written_at=later, is_recurring=True, rule="FREQ=HOURLY"))
    assert notifications.get(ID).deliver_at == DATE + timedelta(days=5, hours=2)


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_edit_before_creation_loses_no_occurrence(notifications, order):
    daily = {"is_recurring": True, "rule": "FREQ=DAILY", "scheduled_from": WRITTEN}
    edited_at = DATE + timedelta(minutes=1)
    versions = (
        reminder(1, written_at=WRITTEN, **daily),
        reminder(2, written_at=edited_at, message="Coffee", **daily),
    )
    for index in order:
        notifications.put(versions[index])
    stored = notifications.get(ID)
    assert (stored.occurrence, stored.content.message) == (DATE, "Coffee")


def test_counted_series_ends_with_last_occurrence(notifications):
    counted = {"is_recurring": True, "rule": "FREQ=DAILY;COUNT=3", "last_occurrence": DATE}
    notifications.put(reminder(scheduled_from=DATE, **counted))
    assert notifications.get(ID).state == "ended"


def test_newer_version_revives_refused_notification():
    refused = replace(reminder(), state="refused")
    assert replacement(refused, reminder(2, message="short")).state == "pending"


def test_ended_series_waits_for_nothing(notifications):
    notifications.put(reminder(1))
    ended = {"is_recurring": True, "rule": "FREQ=DAILY;COUNT=2"}
    notifications.put(reminder(2, written_at=DATE + timedelta(days=9), **ended))
    stored = notifications.get(ID)
    assert (stored.state, stored.deliver_at) == ("ended", None)
    assert told(notifications) == [("notification:created", 1), ("notification:deleted", 2)]


def test_handled_occurrence_is_left_out(notifications):
    series: dict[str, Any] = {"is_recurring": True, "rule": "FREQ=DAILY"}
    notifications.put(reminder(1, **series))
    notifications.put(reminder(2, handled_through=DATE, **series))
    assert notifications.get(ID).occurrence == DATE + timedelta(days=1)
    notifications.put(reminder(3, handled_through=DATE, message="Coffee", **series))
    assert notifications.get(ID).occurrence == DATE + timedelta(days=1)


def test_unhandled_overdue_occurrence_is_still_announced(notifications):
    series: dict[str, Any] = {"is_recurring": True, "rule": "FREQ=DAILY"}
    notifications.put(reminder(1, **series))
    later = DATE + timedelta(days=5, hours=1)
    handled = DATE - timedelta(days=1)
    notifications.put(reminder(2, written_at=later, handled_through=handled, **series))
    assert notifications.get(ID).occurrence == DATE


def test_handled_single_date_waits_for_nothing(notifications):
    notifications.put(reminder(1))
    notifications.put(reminder(2, handled_through=DATE))
    assert notifications.get(ID).state == "ended"
    notifications.put(reminder(3, handled_through=DATE, message="Coffee"))
    assert notifications.get(ID).state == "ended"
    assert told(notifications) == [("notification:created", 1), ("notification:deleted", 2)]


@pytest.mark.parametrize("series", [{}, {"is_recurring": True, "rule": "FREQ=DAILY"}])
def test_completed_reminder_restarts_when_opened(notifications, series):
    notifications.put(reminder(1, **series))
    notifications.put(reminder(2, completed=True, **series))
    assert notifications.get(ID).state == "ended"
    notifications.put(reminder(3, completed=True, message="Coffee", **series))
    assert notifications.get(ID).state == "ended"
    notifications.put(reminder(4, **series))
    stored = notifications.get(ID)
    assert (stored.state, stored.deliver_at) == ("pending", DATE)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_snooze_and_series_arrive_unordered(notifications, order):
    series: dict[str, Any] = {"is_recurring": True, "rule": "FREQ=DAILY"}
    steps = [
        lambda: notifications.put(reminder(1, **series)),
        lambda: notifications.put(reminder(2, handled_through=DATE, **series)),
        lambda: notifications.put(snooze(2)),
    ]
    for step in order:
        steps[step]()
    assert notifications.get(ID).occurrence == DATE + timedelta(days=1)
    assert (notifications.get(SNOOZE).state, notifications.get(SNOOZE).occurrence) == (
        "pending",
        DATE,
    )


def test_reminder_deletion_deletes_its_snoozes(notifications):
    notifications.put(reminder())
    notifications.put(snooze())
    notifications.remove(ID, 2, "ada")
    assert notifications.get(SNOOZE).state == "deleted"
    assert sorted(told(notifications)[2:]) == [
        ("notification:deleted", 1),
        ("notification:deleted", 2),
    ]


def test_notification_of_deleted_reminder_is_ignored(notifications):
    notifications.remove(ID, 2, "ada")
    notifications.put(snooze())
    assert notifications.get(SNOOZE) is None
    assert notifications.announced == []


def test_command_may_precede_its_reminder(notifications):
    notifications.put(snooze())
    notifications.put(reminder())
    notifications.remove(SNOOZE, 2, "ada")
    assert notifications.get(SNOOZE).state == "deleted"
    assert notifications.get(ID).state == "pending"


def test_events_of_users_are_independent(notifications):
    notifications.put(reminder())
    with pytest.raises(ForeignNotification):
        notifications.put(reminder(2, user_id="eve"))
    with pytest.raises(ForeignNotification):
        notifications.remove(ID, 2, "eve")
    assert notifications.get(ID) == reminder()


@pytest.mark.integration
def test_overdue_notifications_are_measured(engine):
    pending = PostgresNotifications(engine)
    assert (pending.count_overdue(), pending.oldest_overdue()) == (0, 0)
    for id, minutes in ((ID, 5), (SNOOZE, 2), (UUID(int=3), -60)):
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        pending.put(snooze(id=id, reminder_id=None, deliver_at=at))
    with engine.begin() as connection:  # claimed ones are not published yet
        connection.execute(text("update notifications set lease_until = now() + interval '1 min'"))
    assert pending.count_overdue() == 2
    assert 300 <= pending.oldest_overdue() < 330
    with engine.begin() as connection:
        connection.execute(text("update notifications set state = 'refused' where id = :id"),
                           {"id": SNOOZE})  # fmt: skip
    assert (pending.count_overdue(), pending.count_refused()) == (1, 1)
