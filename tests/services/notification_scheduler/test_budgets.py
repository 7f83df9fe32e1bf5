"""A user's budget of notifications a day, in memory and in PostgreSQL."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from event_messages.contract import data_of
from event_messages.identifiers import occurrence_id
from notification_scheduler.budgets import rejection_of
from notification_scheduler.due import settlement_of
from notification_scheduler.scheduler import Pace

from tests.services.notification_scheduler.examples import ago, notification
from tests.services.notification_scheduler.fakes import InMemoryTopic, TimedAlarm
from tests.services.notification_scheduler.test_scheduler import eventually, running

PACE = Pace(retry_cap=0.2, grace=5, notifications_per_day=3)


@pytest.fixture(autouse=True)
def same_day():
    """No test begins in the last minute of a day of UTC."""
    now = datetime.now(UTC)
    left = timedelta(days=1) - (now - now.replace(hour=0, minute=0, second=0, microsecond=0))
    if left < timedelta(minutes=1):
        time.sleep(left.total_seconds() + 1)


def tomorrow():
    now = datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def test_excess_is_rejected_with_one_notice(table):
    dues = [notification(ago(60 - number), message=f"Tea {number}") for number in range(8)]
    other = notification(ago(1), user_id="bob", message="Water")
    table.put(*dues, other)
    topic = InMemoryTopic()
    with running(table.make(60, per_day=3), topic, TimedAlarm(), PACE):
        eventually(lambda: len(table.failures()) == 5)
        eventually(lambda: len(topic.received) == 5)
    texts = [event.data["message"] for _, event in topic.received]
    notice = (
        "You have reached the limit of 3 notifications a day. Herald sends no more until this time."
    )
    assert sorted(texts) == ["Tea 0", "Tea 1", "Tea 2", "Water", notice]
    [sent] = [data_of(event) for _, event in topic.received if event.data["message"] == notice]
    assert (sent.occurrence, sent.reminder_id, sent.channel) == (
        tomorrow(),
        None,
        "push",
    )
    failures = [data_of(event) for event in table.failures()]
    assert {(one.notification_id, one.occurrence_id, one.reason) for one in failures} == {
        (due.id, occurrence_id(due.id, due.occurrence), "OVER_BUDGET") for due in dues[3:]
    }
    assert {table.state(due.id)[0] for due in dues} == {"ended"}


def test_later_rejections_need_no_notice(table):
    table.put(*[notification(ago(9 - number)) for number in range(3)])
    due = table.make(60, per_day=1)
    claimed = due.claim(2)
    assert [one.needs_notice for one in claimed if one.resumes] == [True]
    due.settle([settlement_of(one) for one in claimed if not one.resumes])
    due.reject([rejection_of(one) for one in claimed if one.resumes], ["ada"])
    [later] = due.claim(2)
    assert (later.resumes, later.needs_notice) == (tomorrow(), False)


def test_retries_are_counted_once(table):
    table.put(notification(ago(1)))
    due = table.make(60, per_day=1)
    for _ in range(3):
        [claimed] = due.claim(10)
        assert claimed.resumes is None
        due.release([claimed])
    due.settle([settlement_of(one) for one in due.claim(10)])
    table.put(notification(ago(1)))
    [second] = due.claim(10)
    assert second.resumes == tomorrow()


def test_released_rejection_is_counted_again(table):
    table.put(notification(ago(2)), notification(ago(1)))
    due = table.make(60, per_day=1)
    [over] = [one for one in due.claim(10) if one.resumes]
    due.release([over])
    [again] = due.claim(10)
    assert (again.id, again.resumes, again.needs_notice) == (over.id, tomorrow(), True)


def test_rejected_series_goes_on_tomorrow(table):
    series = notification(ago(90), rule="FREQ=MINUTELY", notify_offset=5)
    table.put(notification(ago(100)), series)
    due = table.make(60, per_day=1)
    [over] = [one for one in due.claim(10) if one.resumes]
    due.reject([rejection_of(over)], [])
    state, deliver_at = table.state(series.id)
    assert (state, tomorrow() <= deliver_at < tomorrow() + timedelta(minutes=1)) == (
        "pending",
        True,
    )
    assert (deliver_at - series.deliver_at) % timedelta(minutes=1) == timedelta()


def test_failed_notice_is_sent_again(table):
    topic = InMemoryTopic()
    refusals = iter(["InternalError"] * 2)
    topic.fail = lambda event: next(refusals, None) if "limit" in event.data["message"] else None
    table.put(notification(ago(2)), notification(ago(1), message="Over"))
    with running(table.make(60, per_day=1), topic, TimedAlarm(), PACE):
        eventually(lambda: table.failures())
    assert [event.data["message"][:8] for _, event in topic.received] == ["Tea", "You have"]
