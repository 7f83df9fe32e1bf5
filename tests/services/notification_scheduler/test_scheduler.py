"""The loop, with time and PostgreSQL as they are."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError
from event_messages.contract import DueNotification, data_of
from event_messages.identifiers import occurrence_id
from notification_scheduler.alarm import PostgresAlarm
from notification_scheduler.assembly import assemble
from notification_scheduler.budgets import content_of
from notification_scheduler.due import settlement_of
from notification_scheduler.scheduler import Pace, Scheduler
from notification_scheduler.sender import Sender

from tests.services.notification_scheduler.examples import ago, notification, now
from tests.services.notification_scheduler.fakes import (
    InMemoryDueNotifications,
    InMemoryTopic,
    TimedAlarm,
)
from tests.services.notification_scheduler.gate import Gate
from tests.waiting import eventually

QUICK = Pace(retry_cap=0.2, refused_retry=60, grace=5)


@contextmanager
def running(due: Any, topic: Any, alarm: Any, pace: Pace = QUICK) -> Iterator[Scheduler]:
    sender = Sender(topic, "arn:topic", threads=4)
    scheduler = Scheduler(due, sender, alarm, pace)
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    try:
        yield scheduler
    finally:
        scheduler.stop()
        thread.join(60)
        assert not thread.is_alive()
        alarm.close()
        sender.close()


def test_overdue_notifications_are_sent_once():
    due, topic = InMemoryDueNotifications(60), InMemoryTopic()
    dues = [notification(ago(seconds)) for seconds in range(1, 1001)]
    for one in dues:
        due.put(one)
    with running(due, topic, TimedAlarm(), Pace(batch=100)):
        eventually(lambda: due.next_due() is None)
    assert Counter(topic.notifications) == Counter(str(one.id) for one in dues)
    assert topic.largest_batch == 10


def test_event_matches_the_contract():
    due, topic = InMemoryDueNotifications(60), InMemoryTopic()
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    text = {"message": 'Té \uffff "<&>" ☕', "url": "https://example.org/?a=1&b=2"}
    one = notification(ago(1), notify_offset=15, urgent=True, missed=3, traceparent=trace, **text)
    due.put(one)
    with running(due, topic, TimedAlarm()):
        eventually(lambda: topic.received)
    [(_, event)] = topic.received
    assert (event.type, event.user_id, event.schema_version) == ("notification:send", "ada", 1)
    assert data_of(event) == DueNotification(
        notification_id=one.id,
        reminder_id=one.id,
        occurrence_id=occurrence_id(one.id, one.occurrence),
        occurrence=one.occurrence,
        deliver_at=one.deliver_at,
        channel="push",
        email="ada@example.org",
        urgent=True,
        time_zone="UTC",
        explicit_time=True,
        missed=3,
        **text,
    )
    values = {name: value["StringValue"] for name, value in topic.attributes[0].items()}
    assert values == {
        "eventItemType": "notification",
        "eventType": "notification:send",
        "userId": "ada",
        "traceparent": trace,
    }


def test_refused_entries_do_not_block_others():
    due, topic = InMemoryDueNotifications(60), InMemoryTopic()
    failures = Counter[str]()

    def fail(event: Any) -> str | None:
        failures[event.data["message"]] += 1
        known = {"wrong": "InvalidParameter", "throttled": "Throttled"}
        return known.get(event.data["message"]) if failures["throttled"] < 4 else None

    topic.fail = fail
    for text in ("fine", "throttled", "wrong"):
        due.put(notification(ago(1), message=text))
    with running(due, topic, TimedAlarm()):
        eventually(lambda: len(topic.received) == 2)
    assert [event.data["message"] for _, event in topic.received] == ["fine", "throttled"]
    assert failures["wrong"] == 1  # its turn comes much later, and it is not dropped
    pending = [row.due for row in due.rows.values() if row.state == "pending"]
    assert [content_of(one).message for one in pending] == ["wrong"]


def test_unavailable_topic_holds_claims_back():
    class Away(InMemoryTopic):
        calls = 0

        def publish_batch(self, **arguments: Any) -> dict[str, Any]:
            self.calls += 1
            if self.calls < 5:
                raise EndpointConnectionError(endpoint_url="https://sns.invalid")
            return super().publish_batch(**arguments)

    due, topic = InMemoryDueNotifications(60), Away()
    due.put(notification(ago(1)))
    with running(due, topic, TimedAlarm()):
        eventually(lambda: due.next_due() is None)
    assert (topic.calls, len(topic.received)) == (5, 1)


class Poisoned(InMemoryTopic):
    """Refuses a batch as a whole for one of its entries, as SNS does."""

    def publish_batch(self, **arguments: Any) -> dict[str, Any]:
        if any("poison" in one["Message"] for one in arguments["PublishBatchRequestEntries"]):
            error: Any = {"Error": {"Code": "InvalidParameter", "Message": "odd"}}
            raise ClientError(error, "PublishBatch")
        return super().publish_batch(**arguments)


def test_neighbours_of_poison_message_are_sent():
    due, topic = InMemoryDueNotifications(60), Poisoned()
    dues = [notification(ago(1), message=f"fine {n}") for n in range(9)]
    poison = notification(ago(1), message="poison")
    for one in (poison, *dues):
        due.put(one)
    with running(due, topic, TimedAlarm(), Pace(refused_retry=0)):
        eventually(lambda: due.rows[poison.id].state == "refused")
    assert Counter(topic.notifications) == Counter(str(one.id) for one in dues)
    assert "InvalidParameter" in str(due.rows[poison.id].refusal_reason)


def test_oversized_message_is_rejected_at_once():
    due, topic = InMemoryDueNotifications(60), InMemoryTopic()
    large = notification(ago(1), message="x" * 300_000)
    due.put(large)
    with running(due, topic, TimedAlarm()):
        eventually(lambda: due.rows[large.id].state == "refused")
    assert topic.received == []


def test_unreadable_answer_is_retried():
    class Garbling(InMemoryTopic):
        garbled = 0

        def publish_batch(self, **arguments: Any) -> dict[str, Any]:
            if self.garbled == 0:
                self.garbled += 1
                raise ResponseParserError("not XML")
            return super().publish_batch(**arguments)

    due, topic = InMemoryDueNotifications(60), Garbling()
    dues = [notification(ago(1)) for _ in range(25)]
    for one in dues:
        due.put(one)
    with running(due, topic, TimedAlarm(), Pace(retry_cap=0.2)):
        eventually(lambda: due.next_due() is None)
    assert Counter(topic.notifications) == Counter(str(one.id) for one in dues)


def test_one_failing_notification_slows_nobody_down():
    due, topic = InMemoryDueNotifications(60), InMemoryTopic()
    topic.fail = lambda event: "Throttled" if event.data["message"] == "failing" else None
    due.put(notification(ago(1), message="failing"))
    alarm = TimedAlarm()
    with running(due, topic, alarm):
        time.sleep(1)
        due.put(notification(now()))
        alarm.wake()
        eventually(lambda: topic.received, seconds=10)


def test_slow_rules_delay_no_others(monkeypatch):
    def compute_slowly(one: Any, **options: Any) -> Any:
        time.sleep(0.3)
        return settlement_of(one, **options)

    monkeypatch.setattr("notification_scheduler.scheduler.settlement_of", compute_slowly)
    due, topic = InMemoryDueNotifications(60), InMemoryTopic()
    for _ in range(3):
        due.put(notification(ago(2), rule="FREQ=DAILY", message="series"))
    due.put(notification(ago(1), message="single"))
    with running(due, topic, TimedAlarm()):
        eventually(lambda: len(topic.received) == 4)
    (first, event), *series = topic.received
    assert event.data["message"] == "single"
    assert (series[0][0] - first).total_seconds() > 0.2


def test_a_claim_that_hangs_is_noticed():
    due, topic = InMemoryDueNotifications(60), Slow()
    due.put(notification(ago(1)))
    with running(due, topic, TimedAlarm(), Pace(longest_claim=0.3)) as scheduler:
        topic.busy.wait(5)
        eventually(lambda: not scheduler.alive())
        topic.open.set()
        eventually(scheduler.alive)


class Slow(InMemoryTopic):
    """Lets nothing through until `open` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.busy = threading.Event(), threading.Event()

    def publish_batch(self, **arguments: Any) -> dict[str, Any]:
        self.busy.set()
        self.open.wait(5)
        return super().publish_batch(**arguments)


def test_stopping_finishes_sending_and_releases_rest():
    due, topic = InMemoryDueNotifications(60), Slow()
    for seconds in range(200):
        due.put(notification(ago(seconds + 1), user_id=f"user-{seconds % 2}"))
    with running(due, topic, TimedAlarm()) as scheduler:
        topic.busy.wait(5)
        scheduler.stop()
        topic.open.set()
    sent = len(topic.received)
    assert 0 < sent <= 40  # a batch for each of four threads
    assert sum(row.state == "ended" for row in due.rows.values()) == sent
    assert len(due.claim(1000)) == 200 - sent


@pytest.mark.integration
def test_notification_is_published_in_milliseconds(postgres, info):
    topic = InMemoryTopic()
    with running(postgres.make(60), topic, PostgresAlarm(info)):
        time.sleep(0.3)  # it waits and knows of nothing
        dues = [notification(now() + timedelta(seconds=2 + 0.01 * n)) for n in range(50)]
        postgres.put(*dues)
        eventually(lambda: len(topic.received) == 50)
    at = {event.data["notificationId"]: moment for moment, event in topic.received}
    late = sorted((at[str(one.id)] - one.deliver_at).total_seconds() for one in dues)
    assert late[0] >= 0
    assert late[25] < 0.1


@pytest.mark.integration
def test_parallel_schedulers_publish_each_occurrence_once(postgres, info):
    topic = InMemoryTopic()
    dues = [notification(ago(1 + n / 100)) for n in range(1000)]
    postgres.put(*dues)
    pace = Pace(batch=50)
    with (
        running(postgres.make(60), topic, PostgresAlarm(info), pace),
        running(postgres.make(60), topic, PostgresAlarm(info), pace),
    ):
        eventually(lambda: postgres.make(60).next_due() is None)
    assert Counter(topic.notifications) == Counter(str(one.id) for one in dues)


@pytest.mark.integration
def test_crash_before_settling_publishes_again(postgres, info):
    topic = InMemoryTopic()
    postgres.put(notification(ago(1)))
    crashed = postgres.make(0.3)
    Sender(topic, "arn:topic", 1).send(crashed.claim(10), lambda: False)
    with running(postgres.make(60), topic, PostgresAlarm(info)):
        eventually(lambda: postgres.make(60).next_due() is None)
    first, second = (event.data for _, event in topic.received)
    assert first == second  # the same occurrence: its consumer recognises it
    assert len({event.id for _, event in topic.received}) == 2


@pytest.mark.integration
def test_update_moves_and_deletion_stops_it(postgres, info, engine):
    from event_service.notifications import PostgresNotifications

    topic = InMemoryTopic()
    moved, deleted = (notification(now() + timedelta(seconds=0.5)) for _ in range(2))
    with running(postgres.make(60), topic, PostgresAlarm(info)):
        postgres.put(moved, deleted)
        soon = now() + timedelta(seconds=0.8)
        postgres.put(notification(soon, id=moved.id, version=2))
        PostgresNotifications(engine).remove(deleted.id, 2, "ada")
        eventually(lambda: topic.received)
        time.sleep(0.2)
    [(at, event)] = topic.received
    assert event.data["notificationId"] == str(moved.id)
    assert at >= soon


@pytest.mark.integration
def test_series_is_announced_repeatedly(postgres, info):
    """Two occurrences that are due one after the other, without news from outside."""
    topic = InMemoryTopic()
    start = now() + timedelta(seconds=0.5) - timedelta(minutes=1)
    one = notification(start, rule="FREQ=MINUTELY;COUNT=2")
    with running(postgres.make(60), topic, PostgresAlarm(info)):
        postgres.put(one)
        eventually(lambda: postgres.state(one.id)[0] == "ended")
    moments = [event.data["occurrence"] for _, event in topic.received]
    assert len(set(moments)) == 2
    assert topic.received[1][0] >= start + timedelta(minutes=1)


@pytest.mark.integration
def test_lost_connections_are_made_anew(postgres, info, postgres_server):
    topic = InMemoryTopic()
    with running(postgres.make(60), topic, PostgresAlarm(info)) as scheduler:
        time.sleep(0.3)
        postgres_server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'notification-scheduler'"
        )
        postgres.put(notification(now() + timedelta(seconds=0.3)))
        eventually(lambda: topic.received)
        assert scheduler.alive()


@pytest.mark.integration
def test_later_news_does_not_end_wait(postgres, info):
    class Counting:
        def __init__(self, inner: Any) -> None:
            self.inner, self.claims = inner, 0

        def claim(self, limit: int) -> Any:
            self.claims += 1
            return self.inner.claim(limit)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

    postgres.put(notification(now() + timedelta(seconds=5)))
    due = Counting(postgres.make(60))
    with running(due, InMemoryTopic(), PostgresAlarm(info)):
        time.sleep(0.3)
        before = due.claims
        with psycopg.connect(info, autocommit=True) as connection:
            connection.execute(
                "select pg_notify('due_notifications', (extract(epoch from now()) + 60)::text)"
            )
        time.sleep(0.3)
        assert due.claims == before


@pytest.mark.integration
def test_overdue_is_sent_soon_after_outage(postgres, settings):
    gate, topic = Gate(settings.database_port), InMemoryTopic()
    away = settings.model_copy(update={"database_port": gate.port})
    dues = [notification(now() + timedelta(seconds=1 + n / 10)) for n in range(20)]
    with assemble(away, topic) as scheduler:
        thread = threading.Thread(target=scheduler.run)
        thread.start()
        scheduler.ping()
        gate.close()
        postgres.put(*dues)
        time.sleep(8)
        assert scheduler.alive()
        assert topic.received == []
        gate.open()
        eventually(lambda: len(topic.received) == 20, seconds=20)
        scheduler.stop()
        thread.join(60)
    gate.close()
    assert Counter(topic.notifications) == Counter(str(one.id) for one in dues)
