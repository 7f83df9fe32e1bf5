from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from event_messages.content import Content
from reminder_service.errors import InvalidDueDate, InvalidRecurrence, MissingEmailAddress
from reminder_service.reminders import Reminder, changed_reminder, new_reminder
from service_runtime.identity import Caller

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CALLER = Caller(user_id="user-1", email="user@example.com")
NAMED = {"date": NOW + timedelta(days=1), "message": "Water the plants"}


def new(**named):
    return new_reminder(UUID(int=1), {**NAMED, **named}, CALLER, NOW)


def test_new_reminder_has_fields_and_defaults():
    assert new() == Reminder(
        id=UUID(int=1),
        user_id="user-1",
        content=Content(message="Water the plants", email="user@example.com"),
        date=NOW + timedelta(days=1),
        is_recurring=False,
        rule=None,
        time_zone="UTC",
        except_dates=(),
        notify_offset=0,
        version=1,
        scheduled_from=NOW,
        local_date=datetime(2030, 1, 2, 12),
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize("offset", [0, 30])
def test_date_must_be_a_minute_ahead(offset):
    earliest = NOW + timedelta(minutes=1)
    with pytest.raises(InvalidDueDate, match="got 2030-01-01T12:01:00"):
        new(date=earliest, notify_offset=offset)
    accepted = new(date=earliest + timedelta(microseconds=1), notify_offset=offset)
    assert (accepted.date, accepted.notify_offset) == (earliest + timedelta(microseconds=1), 0)


def test_alarm_ahead_keeps_its_offset():
    date = NOW + timedelta(minutes=31, microseconds=1)
    assert [new(date=date, notify_offset=offset).notify_offset for offset in (30, 31)] == [30, 0]


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
def test_recurrence_without_rule_is_daily(named, expected):
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
def test_contradictory_or_empty_rule_is_refused(named):
    with pytest.raises(InvalidRecurrence):
        new(**named)


def test_an_email_needs_an_address():
    with pytest.raises(MissingEmailAddress):
        new_reminder(UUID(int=1), {**NAMED, "channel": "email"}, Caller(user_id="u"), NOW)


def test_update_keeps_unnamed_fields():
    reminder = new(
        rule="FREQ=DAILY", except_dates=(NOW + timedelta(days=2),), url="https://example.com"
    )
    changed = changed_reminder(reminder, {"message": "Feed the cat"}, CALLER, LATER)
    content = reminder.content.model_copy(update={"message": "Feed the cat"})
    assert changed == replace(reminder, content=content, version=2, updated_at=LATER)


def test_other_changes_work_after_the_date():
    after = NOW + timedelta(days=30)
    changed = changed_reminder(new(), {"message": "Too late", "date": NAMED["date"]}, CALLER, after)
    assert (changed.content.message, changed.version) == ("Too late", 2)


def test_schedule_change_needs_a_minute():
    with pytest.raises(InvalidDueDate):
        changed_reminder(new(), {"date": NOW}, CALLER, NOW)
    changed = changed_reminder(new(), {"notify_offset": 24 * 60}, CALLER, NOW)
    assert (changed.notify_offset, changed.acknowledged_through) == (0, None)


def test_started_series_may_change_until_end():
    after = NOW + timedelta(days=3)
    series = new(rule="FREQ=DAILY;COUNT=5")
    changed = changed_reminder(series, {"notify_offset": 10}, CALLER, after)
    assert changed.notify_offset == 10
    with pytest.raises(InvalidDueDate, match="Expected an occurrence"):
        changed_reminder(series, {"rule": "FREQ=DAILY;COUNT=2"}, CALLER, after)


def test_a_changed_schedule_starts_anew():
    series = new(rule="FREQ=DAILY;COUNT=5")
    assert series.scheduled_from == NOW
    assert series.last_occurrence == series.date + timedelta(days=4)
    later = NOW + timedelta(hours=1)
    text = changed_reminder(series, {"message": "Coffee"}, CALLER, later)
    assert (text.scheduled_from, text.last_occurrence) == (NOW, series.last_occurrence)
    shorter = changed_reminder(series, {"rule": "FREQ=DAILY;COUNT=3"}, CALLER, later)
    assert shorter.scheduled_from == later
    assert shorter.last_occurrence == series.date + timedelta(days=2)


def test_ended_recurrence_removes_rule_and_exceptions():
    series = new(rule="FREQ=DAILY", except_dates=(NOW + timedelta(days=2),))
    changed = changed_reminder(series, {"is_recurring": False}, CALLER, NOW)
    assert (changed.is_recurring, changed.rule, changed.except_dates) == (False, None, ())


def test_series_without_rule_is_daily():
    changed = changed_reminder(new(rule="FREQ=WEEKLY"), {"rule": None}, CALLER, NOW)
    assert (changed.is_recurring, changed.rule) == (True, "FREQ=DAILY")


def test_address_is_gateways_latest():
    moved = Caller(user_id="user-1", email="new@example.com")
    assert changed_reminder(new(), {}, moved, NOW).content.email == "new@example.com"
    unknown = Caller(user_id="user-1")
    assert changed_reminder(new(), {}, unknown, NOW).content.email == "user@example.com"


def test_time_of_writes_never_decreases():
    assert changed_reminder(new(), {}, CALLER, NOW - timedelta(seconds=5)).updated_at == NOW
