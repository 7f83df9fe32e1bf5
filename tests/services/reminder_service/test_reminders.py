from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from reminder_service.errors import InvalidDueDate, InvalidRecurrence, MissingEmailAddress
from reminder_service.reminders import Reminder, changed_reminder, new_reminder
from service_runtime.identity import Caller

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CALLER = Caller(user_id="user-1", email="user@example.com")
NAMED = {"date": NOW + timedelta(days=1), "message": "Water the plants"}


def new(**named):
    return new_reminder(UUID(int=1), {**NAMED, **named}, CALLER, NOW)


def test_a_new_reminder_has_what_was_named_and_the_defaults():
    assert new() == Reminder(
        id=UUID(int=1),
        user_id="user-1",
        email="user@example.com",
        date=NOW + timedelta(days=1),
        is_recurring=False,
        rule=None,
        time_zone="UTC",
        except_dates=(),
        notify_offset=0,
        notify_type="push",
        message="Water the plants",
        url=None,
        urgent=False,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize("offset", [0, 30])
def test_it_must_be_due_more_than_one_minute_ahead(offset):
    earliest = NOW + timedelta(minutes=1 + offset)
    with pytest.raises(InvalidDueDate, match="came 2030-01-01T12:01:00"):
        new(date=earliest, notify_offset=offset)
    accepted = new(date=earliest + timedelta(microseconds=1), notify_offset=offset)
    assert accepted.date == earliest + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"is_recurring": True}, (True, "FREQ=DAILY")),
        ({"is_recurring": True, "rule": None}, (True, "FREQ=DAILY")),
        ({"rule": "FREQ=WEEKLY"}, (True, "FREQ=WEEKLY")),
        ({"is_recurring": False}, (False, None)),
        ({"rule": None}, (False, None)),
    ],
)
def test_a_rule_makes_a_reminder_recur_and_without_one_it_does_so_daily(named, expected):
    reminder = new(**named)
    assert (reminder.is_recurring, reminder.rule) == expected


@pytest.mark.parametrize(
    "named",
    [
        {"is_recurring": False, "rule": "FREQ=DAILY"},
        {"except_dates": (LATER,)},
        {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
    ],
)
def test_a_contradiction_and_a_rule_that_never_occurs_are_refused(named):
    with pytest.raises(InvalidRecurrence):
        new(**named)


def test_an_email_needs_an_address():
    with pytest.raises(MissingEmailAddress):
        new_reminder(UUID(int=1), {**NAMED, "notify_type": "email"}, Caller(user_id="u"), NOW)


def test_a_change_leaves_what_it_does_not_name():
    reminder = new(
        rule="FREQ=DAILY", except_dates=(NOW + timedelta(days=2),), url="https://example.com"
    )
    changed = changed_reminder(reminder, {"message": "Feed the cat"}, CALLER, LATER)
    assert changed == replace(reminder, message="Feed the cat", version=2, updated_at=LATER)


def test_a_change_that_leaves_the_schedule_is_taken_after_the_date():
    after = NOW + timedelta(days=30)
    changed = changed_reminder(new(), {"message": "Too late", "date": NAMED["date"]}, CALLER, after)
    assert (changed.message, changed.version) == ("Too late", 2)


@pytest.mark.parametrize("named", [{"date": NOW}, {"notify_offset": 24 * 60}])
def test_a_change_of_the_schedule_must_leave_more_than_a_minute(named):
    with pytest.raises(InvalidDueDate):
        changed_reminder(new(), named, CALLER, NOW)


def test_a_series_that_has_begun_may_change_as_long_as_it_goes_on():
    after = NOW + timedelta(days=3)
    series = new(rule="FREQ=DAILY;COUNT=5")
    changed = changed_reminder(series, {"notify_offset": 10}, CALLER, after)
    assert changed.notify_offset == 10
    with pytest.raises(InvalidDueDate, match="no occurrence"):
        changed_reminder(series, {"rule": "FREQ=DAILY;COUNT=2"}, CALLER, after)


def test_ending_the_recurrence_forgets_rule_and_exceptions():
    series = new(rule="FREQ=DAILY", except_dates=(NOW + timedelta(days=2),))
    changed = changed_reminder(series, {"is_recurring": False}, CALLER, NOW)
    assert (changed.is_recurring, changed.rule, changed.except_dates) == (False, None, ())


def test_a_series_without_its_rule_is_daily():
    changed = changed_reminder(new(rule="FREQ=WEEKLY"), {"rule": None}, CALLER, NOW)
    assert (changed.is_recurring, changed.rule) == (True, "FREQ=DAILY")


def test_the_address_is_the_newest_that_the_gateway_named():
    moved = Caller(user_id="user-1", email="new@example.com")
    assert changed_reminder(new(), {}, moved, NOW).email == "new@example.com"
    assert changed_reminder(new(), {}, Caller(user_id="user-1"), NOW).email == "user@example.com"


def test_the_time_of_the_last_write_never_goes_back():
    assert changed_reminder(new(), {}, CALLER, NOW - timedelta(seconds=5)).updated_at == NOW
