"""The outbox on a real database: nothing lost, order kept, any number of relays."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from event_messages.event import Event
from event_messages.publisher import ATTEMPTS, Failed, Outgoing, Publisher
from event_messages.topic import BATCH_BYTES
from prometheus_client import REGISTRY
from service_runtime.measuring import Measuring, outbox_measures
from service_runtime.outbox import append
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.traces import continue_trace, traceparent_of
from sqlalchemy import Engine, text

from tests.services.event_messages.fakes import InMemoryTopic
from tests.waiting import eventually

pytestmark = pytest.mark.integration

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
Count = Callable[[str], int]


class Crash(BaseException):
    """The process ends here."""


class RecordingPublisher:
    """Keeps what is published, or does what the next step says instead."""

    def __init__(self) -> None:
        self.published: list[Outgoing] = []
        self.steps: list[Callable[[Sequence[Outgoing]], list[Failed]]] = []
        self.lock = threading.Lock()

    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
        if self.steps:
            return self.steps.pop(0)(messages)
        with self.lock:
            self.published += messages
        return []

    def ids(self) -> list[Any]:
        return [message.event.id for message in self.published]


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


def event(user_id: str = "u1", size: int = 0) -> Event:
    return Event.new("reminder:created", user_id, {"text": "x" * size})


def store(engine: Engine, *events: Event) -> None:
    with engine.begin() as connection:
        append(connection, *events)


@contextmanager
def running(*relays: OutboxRelay) -> Iterator[None]:
    threads = [threading.Thread(target=relay.run) for relay in relays]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for relay in relays:
            relay.stop()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


def test_committed_events_are_published_in_order(
    engine: Engine, publisher: RecordingPublisher, count: Count
) -> None:
    events = [event() for _ in range(3)]
    with continue_trace(TRACEPARENT) as span:
        store(engine, *events)
    assert OutboxRelay(engine, publisher).relay_once() == 3
    assert publisher.published == [Outgoing(one, traceparent_of(span)) for one in events]
    assert count("published_at is not null") == 3
    assert OutboxRelay(engine, publisher).relay_once() == 0


def test_rolled_back_event_is_not_published(engine: Engine, publisher: RecordingPublisher) -> None:
    with engine.connect() as connection:
        append(connection, event())
        connection.rollback()
    assert OutboxRelay(engine, publisher).relay_once() == 0


def test_a_commit_wakes_the_relay(engine: Engine, publisher: RecordingPublisher) -> None:
    with running(OutboxRelay(engine, publisher, poll=300)):
        eventually(lambda: _listeners(engine) == 1)
        for number in range(1, 6):
            store(engine, event())
            eventually(lambda number=number: len(publisher.published) == number)  # type: ignore[misc]


def _listeners(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.scalar(
                text(
                    "select count(*) from pg_stat_activity where datname = current_database()"
                    " and pid <> pg_backend_pid() and state = 'idle'"
                    " and query like 'listen outbox'"
                )
            )
            or 0
        )


def test_crash_before_marking_only_repeats(
    engine: Engine, publisher: RecordingPublisher, count: Count
) -> None:
    def publish_and_crash(messages: Sequence[Outgoing]) -> list[Failed]:
        publisher.published += messages
        raise Crash

    events = [event(), event()]
    store(engine, *events)
    publisher.steps = [publish_and_crash]
    with pytest.raises(Crash):
        OutboxRelay(engine, publisher).relay_once()
    assert count("published_at is null") == 2
    OutboxRelay(engine, publisher).relay_once()
    assert publisher.ids() == 2 * [one.id for one in events]


def test_failed_event_does_not_block_others(
    engine: Engine, publisher: RecordingPublisher, count: Count
) -> None:
    first, second = event(), event()
    store(engine, first, second)
    publisher.steps = [lambda messages: [Failed(messages[0], "Throttled: slow down")]]
    before = REGISTRY.get_sample_value("outbox_failed_total") or 0
    OutboxRelay(engine, publisher).relay_once()
    assert count("published_at is null and attempts = 0 and retry_at > created_at") == 1
    assert count("last_failure = 'Throttled: slow down'") == 1
    assert REGISTRY.get_sample_value("outbox_failed_total") == before + 1
    with engine.begin() as connection:
        connection.execute(text("update outbox set retry_at = now()"))
    OutboxRelay(engine, publisher).relay_once()
    assert publisher.ids() == [first.id]
    assert count("published_at is null") == 0


def test_unpublishable_event_is_kept(engine: Engine, count: Count) -> None:
    topic = InMemoryTopic()
    good = event()
    store(engine, event(size=BATCH_BYTES), good)
    relay = OutboxRelay(engine, Publisher(topic, topic.arn))
    relay.relay_once()
    assert topic.events == [good]
    assert count("published_at is null and retry_at > now() + interval '50 minutes'") == 1


def test_topic_outage_only_delays(engine: Engine, count: Count) -> None:
    topic = InMemoryTopic()
    topic.outages = ATTEMPTS + 1
    events = [event() for _ in range(5)]
    publisher = Publisher(topic, topic.arn, sleep=lambda seconds: None)
    with running(OutboxRelay(engine, publisher, poll=0.05)):
        store(engine, *events)
        eventually(lambda: len(topic.events) == 5)
    assert {one.id for one in topic.events} == {one.id for one in events}
    assert count("last_failure is not null and attempts = 0") == 5


def test_several_relays_publish_each_event_once(
    engine: Engine, publisher: RecordingPublisher, count: Count
) -> None:
    events = [event(f"u{number}") for number in range(300)]
    store(engine, *events)
    relays = [OutboxRelay(engine, publisher, batch=10, poll=0.1) for _ in range(3)]
    with running(*relays):
        eventually(lambda: count("published_at is null") == 0)
    assert sorted(publisher.ids()) == [one.id for one in events]


def test_relay_skips_claims_of_others(engine: Engine, publisher: RecordingPublisher) -> None:
    other = RecordingPublisher()
    later = event()

    def meanwhile(messages: Sequence[Outgoing]) -> list[Failed]:
        store(engine, later)
        OutboxRelay(engine, other).relay_once()
        return []

    store(engine, event())
    publisher.steps = [meanwhile]
    OutboxRelay(engine, publisher).relay_once()
    assert other.ids() == [later.id]


def test_a_lost_database_is_found_again(
    engine: Engine, publisher: RecordingPublisher, postgres_server: Any
) -> None:
    relay = OutboxRelay(engine, publisher, poll=0.1)
    with running(relay):
        store(engine, event())
        eventually(lambda: len(publisher.published) == 1)
        postgres_server.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where usename like 'service_%'"
        )
        store(engine, event())
        eventually(lambda: len(publisher.published) == 2)
        assert relay.alive()


def test_publisher_error_does_not_end_relay(engine: Engine, publisher: RecordingPublisher) -> None:
    def fail(messages: Sequence[Outgoing]) -> list[Failed]:
        raise ZeroDivisionError

    publisher.steps = [fail]
    with running(OutboxRelay(engine, publisher, poll=0.1)):
        store(engine, event())
        eventually(lambda: len(publisher.published) == 1)


def test_outbox_is_measured_without_its_relay(
    engine: Engine, publisher: RecordingPublisher
) -> None:
    measuring = Measuring(outbox_measures(engine))
    store(engine, event())
    with engine.begin() as connection:
        connection.execute(text("update outbox set created_at = now() - interval '1 hour'"))
        connection.execute(
            text(
                "insert into outbox (event_id, body, created_at, attempts, retry_at)"
                " values (gen_random_uuid(), '{}', now() - interval '1 day', 1, 'infinity')"
            )
        )
    measuring.work()
    assert 3600 <= (REGISTRY.get_sample_value("outbox_oldest_seconds") or 0) < 3660
    assert REGISTRY.get_sample_value("outbox_rejected_events") == 1
    before = REGISTRY.get_sample_value("outbox_published_total") or 0
    OutboxRelay(engine, publisher).relay_once()
    measuring.work()
    assert REGISTRY.get_sample_value("outbox_oldest_seconds") == 0
    assert REGISTRY.get_sample_value("outbox_published_total") == before + 1


def test_a_busy_relay_purges(engine: Engine, count: Count) -> None:
    class Slow:
        def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
            time.sleep(0.05)
            return []

    store(engine, *(event() for _ in range(200)))
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into outbox (event_id, body, published_at)"
                " values (gen_random_uuid(), '{}', now() - interval '8 days')"
            )
        )
    with running(OutboxRelay(engine, Slow(), poll=0.05, batch=1)):
        eventually(lambda: count("published_at < now() - interval '7 days'") == 0)
        assert count("published_at is null") > 0


def test_published_events_expire_after_week(
    engine: Engine, publisher: RecordingPublisher, count: Count
) -> None:
    store(engine, event(), event(), event())
    OutboxRelay(engine, publisher).relay_once()
    with engine.begin() as connection:
        for position, days in ((1, 6), (2, 8)):
            connection.execute(
                text(
                    "update outbox set published_at = now() - make_interval(days => :days)"
                    " where position = :position"
                ),
                {"days": days, "position": position},
            )
    with running(OutboxRelay(engine, publisher, poll=0.05)):
        eventually(lambda: count("true") == 2)
    assert count("position = 2") == 0


def test_cleanup_removes_any_number(
    engine: Engine, publisher: RecordingPublisher, count: Count
) -> None:
    store(engine, event())
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into outbox (event_id, body, published_at)"
                " select gen_random_uuid(), '', now() - interval '8 days'"
                " from generate_series(1, 10001)"
            )
        )
    with running(OutboxRelay(engine, publisher, poll=0.05)):
        eventually(lambda: count("true") == 1)
    assert count("published_at < now() - interval '1 day'") == 0


def test_an_event_is_stored_once(engine: Engine) -> None:
    one = event()
    store(engine, one)
    with pytest.raises(Exception, match="duplicate key"):
        store(engine, one)
    store(engine)  # nothing is fine


def test_stopped_relay_publishes_committed_events(
    engine: Engine, publisher: RecordingPublisher
) -> None:
    events = [event() for _ in range(25)]
    relay = OutboxRelay(engine, publisher, batch=10)
    store(engine, *events)
    relay.stop()
    relay.run()
    assert publisher.ids() == [one.id for one in events]


def test_stopped_relay_leaves_refused_events(
    engine: Engine, publisher: RecordingPublisher, count: Count
) -> None:
    def refuse(messages: Sequence[Outgoing]) -> list[Failed]:
        return [Failed(message, "not now") for message in messages]

    publisher.steps = [refuse]
    store(engine, *[event() for _ in range(25)])
    relay = OutboxRelay(engine, publisher, batch=10)
    relay.stop()
    relay.run()
    assert publisher.ids() == []
    assert count("published_at is null") == 25


def test_hanging_topic_does_not_keep_relay(
    engine: Engine, publisher: RecordingPublisher, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_runtime.outbox_relay.LONGEST_REST", 0.3)
    release, answered = threading.Event(), threading.Event()

    def hang(messages: Sequence[Outgoing]) -> list[Failed]:
        release.wait(20)
        answered.set()
        return []

    publisher.steps = [hang]
    store(engine, event())
    relay = OutboxRelay(engine, publisher)
    relay.stop()
    relay.run()
    assert not answered.is_set()
    assert count("published_at is null") == 1
    release.set()
    eventually(lambda: count("published_at is null") == 0)
