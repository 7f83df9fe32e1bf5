"""What a consumer does with each outcome, against a queue in memory and the emulator."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from event_messages.consumer import Consumer
from event_messages.errors import Refused, RetryLater, UnknownEvent
from event_messages.event import Event
from event_messages.pace import Pace
from event_messages.publisher import Outgoing
from event_messages.received import Handled, Received

from tests.services.event_messages.fakes import InMemoryQueue
from tests.waiting import eventually

MAX_RECEIVES = 3
QUICK = Pace(threads=4, wait=1, visibility=30, retry_base=0.01, grace=5)
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def event(user_id: str = "u1") -> Event:
    return Event.new("reminder:created", user_id, {})


def nothing(event: Event) -> None:
    pass


class Seen(list[Handled]):
    """An observer."""

    def __call__(self, handled: Handled) -> None:
        self.append(handled)

    def outcomes(self) -> Counter[str]:
        return Counter(handled.outcome for handled in self)


@pytest.fixture
def seen() -> Seen:
    return Seen()


def test_a_handled_message_is_deleted(transport: Any, seen: Seen) -> None:
    events = [event(f"u{number}") for number in range(23)]
    handled: list[Event] = []
    transport.publisher().publish([Outgoing(one) for one in events[:10]])
    for one in events[10:]:
        transport.send(one.to_json())
    with transport.consumer(handled.append, observe=seen):
        eventually(lambda: len(seen) == 23)
    assert sorted(one.id for one in handled) == [one.id for one in events]
    assert seen.outcomes() == {"done": 23}
    assert transport.waiting() == []
    assert transport.dead() == []


def test_trace_of_publisher_continues(transport: Any) -> None:
    traces: list[str | None] = []

    @contextmanager
    def trace(message: Received) -> Iterator[None]:
        traces.append(message.attributes.get("traceparent"))
        yield

    transport.publisher().publish([Outgoing(event(), TRACEPARENT)])
    with transport.consumer(nothing, trace=trace):
        eventually(lambda: len(traces) == 1)
    assert traces == [TRACEPARENT]


def test_message_is_retried_until_it_succeeds(transport: Any, seen: Seen) -> None:
    def handle(event: Event) -> None:
        if len(seen) < 2:
            raise RetryLater("the provider is busy")

    transport.send(event().to_json())
    with transport.consumer(handle, observe=seen):
        eventually(lambda: len(seen) == 3)
    assert [(one.outcome, one.reason, one.message.receive_count) for one in seen] == [
        ("retried", "the provider is busy", 1),
        ("retried", "the provider is busy", 2),
        ("done", "", 3),
    ]
    assert transport.waiting() == []


def test_retry_waits_for_its_delay(transport: Any, seen: Seen) -> None:
    times: list[float] = []

    def handle(event: Event) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            raise RetryLater("wait", seconds=2)

    transport.send(event().to_json())
    with transport.consumer(handle, observe=seen):
        eventually(lambda: len(seen) == 2)
    assert times[1] - times[0] >= 1.9


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json", "MalformedEvent: not an event"),
        (event().to_json().replace('"data"', '"date"'), "MalformedEvent: not an event"),
    ],
)
def test_malformed_message_becomes_a_dead_letter(
    transport: Any, seen: Seen, body: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    transport.send(body)
    with transport.consumer(nothing, observe=seen):
        eventually(lambda: transport.dead() == [body])
    assert seen.outcomes() == {"refused": 1}
    assert seen[0].reason.startswith(reason)
    [logged] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(logged)["receive_count"] == 1
    assert vars(logged)["reason"].startswith(reason)


@pytest.mark.parametrize(
    ("error", "outcomes"),
    [
        (UnknownEvent("reminder:forgotten"), {"refused": 1}),
        (Refused("never"), {"refused": 1}),
        (ZeroDivisionError("a fault"), {"retried": MAX_RECEIVES - 1, "failed": 1}),
        (RetryLater("for ever"), {"retried": MAX_RECEIVES - 1, "failed": 1}),
    ],
)
def test_poison_messages_block_nothing(
    transport: Any, seen: Seen, error: Exception, outcomes: dict[str, int]
) -> None:
    poison, good = event("poison"), [event() for _ in range(20)]

    def handle(event: Event) -> None:
        if event.id == poison.id:
            raise error

    for one in (poison, *good):
        transport.send(one.to_json())
    with transport.consumer(handle, observe=seen):
        eventually(lambda: seen.outcomes()["done"] == 20)
        eventually(lambda: transport.dead() == [poison.to_json()])
    assert seen.outcomes() == {"done": 20, **outcomes}
    assert transport.waiting() == []


def test_named_errors_are_reasons_to_retry(transport: Any, seen: Seen) -> None:
    def handle(event: Event) -> None:
        if not seen:
            raise TimeoutError(110, "no answer")

    transport.send(event().to_json())
    with transport.consumer(handle, observe=seen, retry_on=(TimeoutError,)):
        eventually(lambda: len(seen) == 2)
    assert [(one.outcome, one.reason) for one in seen] == [
        ("retried", "TimeoutError: no answer"),
        ("done", ""),
    ]


def test_an_outage_costs_messages_no_receives(memory: Any, seen: Seen) -> None:
    events, away = [event() for _ in range(30)], threading.Event()
    away.set()

    def depend(event: Event | None = None) -> None:
        if away.is_set():
            raise TimeoutError(110, "no answer")

    for one in events:
        memory.send(one.to_json())
    options = {"retry_on": (TimeoutError,), "recover": depend, "observe": seen}
    with memory.consumer(depend, **options) as consumer:
        eventually(lambda: not consumer.receiving())
        time.sleep(1)
        away.clear()
        eventually(lambda: seen.outcomes()["done"] == 30)
        assert consumer.receiving()
    assert max(one.message.receive_count for one in seen) == 2
    assert memory.dead() == []


def test_slow_message_is_delivered_once(transport: Any, seen: Seen) -> None:
    transport.send(event().to_json())
    pace = replace(QUICK, visibility=1)
    with transport.consumer(lambda _: time.sleep(2.5), observe=seen, pace=pace):
        eventually(lambda: len(seen) == 1)
    assert [one.message.receive_count for one in seen] == [1]
    assert transport.waiting() == []


def test_slow_message_does_not_block_others(transport: Any, seen: Seen) -> None:
    slow, release = event("slow"), threading.Event()

    def handle(event: Event) -> None:
        if event.id == slow.id:
            release.wait(120)

    transport.send(slow.to_json())
    with transport.consumer(handle, observe=seen):
        for _ in range(40):
            transport.send(event().to_json())
        eventually(lambda: len(seen) == 40)
        release.set()
        eventually(lambda: len(seen) == 41)


def stop_with_two_at_work(transport: Any, seen: Seen) -> None:
    """A consumer of two threads is stopped while both are at work and all else is received."""
    at_work, release = threading.Semaphore(0), threading.Event()

    def handle(event: Event) -> None:
        at_work.release()
        release.wait(120)

    with transport.consumer(handle, observe=seen, pace=replace(QUICK, threads=2)) as consumer:
        at_work.acquire()
        at_work.acquire()
        time.sleep(0.3)  # for the rest to be received
        consumer.stop()
        release.set()


def test_stopping_finishes_current_and_releases_others(transport: Any, seen: Seen) -> None:
    events = [event() for _ in range(8)]
    for one in events:
        transport.send(one.to_json())
    stop_with_two_at_work(transport, seen)
    done = {one.message.body for one in seen if one.outcome == "done"}
    released = {one.message.body for one in seen if one.outcome == "released"}
    assert (len(done), len(released), done & released) == (2, 6, set())
    assert sorted(transport.waiting()) == sorted({one.to_json() for one in events} - done)


def test_stopping_handles_last_permitted_receives(transport: Any, seen: Seen) -> None:
    for _ in range(4):
        transport.send(event().to_json())
    for _ in range(MAX_RECEIVES - 1):
        transport.receive_and_give_back()
    stop_with_two_at_work(transport, seen)
    assert sorted(one.outcome for one in seen) == ["done"] * 4
    assert (transport.waiting(), transport.dead()) == ([], [])


def test_stop_leaves_new_messages_in_queue() -> None:
    queue = InMemoryQueue()
    handled: list[Event] = []
    consumer = Consumer(queue, queue.url, handled.append)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    time.sleep(0.2)  # for the poll to begin
    consumer.stop()
    queue.send("late")
    thread.join(10)  # the poll would last 20 s
    assert not thread.is_alive()
    (message,) = queue.receive_message(QueueUrl=queue.url)["Messages"]
    assert (message["Body"], handled) == ("late", [])


def test_stop_ends_idle_poll_soon() -> None:
    queue = InMemoryQueue()
    consumer = Consumer(queue, queue.url, nothing)
    thread = threading.Thread(target=consumer.run)
    thread.start()
    time.sleep(0.2)  # for the poll to begin
    consumer.stop()
    thread.join(10)  # the poll would last 20 s
    assert not thread.is_alive()


def test_hanging_handler_is_abandoned_after_grace(
    memory: Any, caplog: pytest.LogCaptureFixture
) -> None:
    started, release, ended = threading.Event(), threading.Event(), threading.Event()

    def handle(event: Event) -> None:
        started.set()
        release.wait(120)
        ended.set()

    memory.send(event().to_json())
    with memory.consumer(handle, pace=replace(QUICK, grace=0.2)):
        started.wait(5)
    assert not ended.is_set()
    assert "still running" in caplog.text
    assert len(memory.queue) == 1
    release.set()


def test_a_failing_observer_changes_nothing(memory: Any, caplog: pytest.LogCaptureFixture) -> None:
    def observe(handled: Handled) -> None:
        raise RuntimeError("no metrics today")

    memory.send(event().to_json())
    with memory.consumer(nothing, observe=observe):
        eventually(lambda: len(memory.queue) == 0)
    assert "could not report the outcome" in caplog.text


class TroubledQueue:
    """Fails some calls before it lets them through to the queue."""

    def __init__(self, queue: Any, **failures: int) -> None:
        self._queue, self._failures = queue, failures

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            if self._failures.get(name, 0) > 0:
                self._failures[name] -= 1
                raise ConnectionError("500")
            return getattr(self._queue, name)(**arguments)

        return call


def test_unavailable_queue_is_polled_again(
    memory: Any, seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    memory.send(event().to_json())
    troubled = replace(memory, queue=TroubledQueue(memory.queue, receive_message=2))
    with troubled.consumer(nothing, observe=seen) as consumer:
        eventually(lambda: not consumer.receiving())
        eventually(lambda: len(seen) == 1)
        assert consumer.receiving()
        assert consumer.alive()
    reasons = [str(vars(record).get("reason")) for record in caplog.records]
    assert any(reason.startswith("ConnectionError in ") for reason in reasons)


def test_a_deletion_that_fails_is_repeated(memory: Any, seen: Seen) -> None:
    memory.send(event().to_json())
    troubled = replace(memory, queue=TroubledQueue(memory.queue, delete_message_batch=2))
    with troubled.consumer(nothing, observe=seen):
        eventually(lambda: len(memory.queue) == 0)
    assert seen.outcomes() == {"done": 1}


def test_an_empty_queue_has_no_age(memory: Any, seen: Seen) -> None:
    memory.send(event().to_json())
    with memory.consumer(nothing, observe=seen) as consumer:
        eventually(lambda: len(seen) == 1)
        eventually(lambda: consumer.oldest_age() == 0)


def test_age_grows_while_queue_is_unavailable(memory: Any) -> None:
    memory.send(event().to_json())
    time.sleep(0.2)
    polled = threading.Event()

    class Away:
        """Answers the first poll only."""

        def __getattr__(self, name: str) -> Any:
            if name == "receive_message" and polled.is_set():
                raise ConnectionError("500")
            if name == "receive_message":
                polled.set()
            return getattr(memory.queue, name)

    with replace(memory, queue=Away()).consumer(nothing) as consumer:
        eventually(lambda: not consumer.receiving())
        first = consumer.oldest_age()
        time.sleep(0.05)
        assert 0.2 < first < consumer.oldest_age()


def test_consumer_with_hanging_handler_is_dead(memory: Any) -> None:
    release = threading.Event()
    memory.send(event().to_json())
    pace = replace(QUICK, longest_handling=-59.5)
    with memory.consumer(lambda _: release.wait(120) and None, pace=pace) as consumer:
        assert consumer.alive()
        eventually(lambda: not consumer.alive())
        release.set()
        eventually(consumer.alive)
