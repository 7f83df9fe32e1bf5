"""Events that the topic calls invalid: kept, counted, and tried again every hour."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from event_messages.event import Event
from event_messages.publisher import Publisher
from event_messages.topic import BATCH_BYTES
from prometheus_client import REGISTRY
from service_runtime.measuring import Measuring, outbox_measures
from service_runtime.outbox import append
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.refused_events import UNDO
from sqlalchemy import Engine, text

from tests.services.event_messages.fakes import InMemoryTopic
from tests.services.service_runtime.test_outbox import eventually, running

pytestmark = pytest.mark.integration

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LARGE = f"{BATCH_BYTES + 309} bytes; a topic accepts {BATCH_BYTES}"
SET_ASIDE = """
insert into refused_events (event_id, body, traceparent, created_at, attempts, reason)
values (:id, :body, :trace, now() - interval '1 day', 5, 'too large')
"""
Count = Callable[[str], int]


@pytest.fixture
def topic() -> InMemoryTopic:
    return InMemoryTopic()


@pytest.fixture
def relay(engine: Engine, topic: InMemoryTopic) -> Iterator[OutboxRelay]:
    publisher = Publisher(topic, topic.arn)
    yield OutboxRelay(engine, publisher, poll=0.05)
    publisher.close()


def event(size: int = 0) -> Event:
    return Event.new("reminder:created", "u1", {"text": "x" * size})


def store(engine: Engine, *events: Event) -> None:
    with engine.begin() as connection:
        append(connection, *events, traceparent=TRACEPARENT)


def execute(engine: Engine, statement: str, **values: Any) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement), values)


def relay_for_hours(engine: Engine, relay: OutboxRelay, hours: int) -> None:
    for _ in range(hours):
        relay.relay_once()
        execute(engine, "update outbox set retry_at = now()")


def test_rejected_event_is_kept(
    engine: Engine,
    topic: InMemoryTopic,
    relay: OutboxRelay,
    count: Count,
    caplog: pytest.LogCaptureFixture,
) -> None:
    large, good = event(BATCH_BYTES), event()
    store(engine, large, good)
    relay_for_hours(engine, relay, 3)
    assert topic.events == [good]
    assert count(f"event_id = '{large.id}' and attempts = 3 and last_failure = '{LARGE}'") == 1
    assert count("published_at is null") == 1
    logged = [(vars(record)["event_id"], vars(record)["reason"]) for record in caplog.records]
    assert logged == 3 * [(str(large.id), LARGE)]


def test_corrected_event_is_published_with_trace(
    engine: Engine, topic: InMemoryTopic, relay: OutboxRelay
) -> None:
    large = event(BATCH_BYTES)
    store(engine, large)
    relay_for_hours(engine, relay, 2)
    small = large.model_copy(update={"data": {}})  # as if the topic took larger ones now
    execute(engine, "update outbox set body = :body", body=small.to_json())
    relay.relay_once()
    assert topic.events == [small]
    assert topic.attributes[0]["traceparent"]["StringValue"] == TRACEPARENT


def test_unreadable_event_waits_an_hour(
    engine: Engine, topic: InMemoryTopic, relay: OutboxRelay, count: Count
) -> None:
    execute(engine, "insert into outbox (event_id, body) values (:id, '{}')", id=uuid4())
    good = event()
    store(engine, good)
    assert relay.relay_once() == 2
    assert topic.events == [good]
    waits = "attempts = 1 and published_at is null and retry_at > now() + interval '50 minutes'"
    assert count(f"{waits} and last_failure like 'not an event: id: Field required; %'") == 1


def test_stopped_relay_skips_rejected_events(engine: Engine, topic: InMemoryTopic) -> None:
    good = event()
    store(engine, event(BATCH_BYTES), good)
    relay = OutboxRelay(engine, Publisher(topic, topic.arn), batch=1)
    relay.stop()
    relay.run()
    assert topic.events == [good]


def test_rejected_events_are_not_late(engine: Engine, relay: OutboxRelay) -> None:
    store(engine, event(BATCH_BYTES))
    relay.relay_once()
    Measuring(outbox_measures(engine)).work()
    names = ("outbox_rejected_events", "outbox_oldest_seconds")
    assert [REGISTRY.get_sample_value(name) for name in names] == [1, 0]


def test_events_set_aside_return(
    engine: Engine, topic: InMemoryTopic, relay: OutboxRelay, count: Count
) -> None:
    """The relay of the previous version moved rejected events to a table of their own."""
    one = event()
    values = {"id": one.id, "body": one.to_json(), "trace": TRACEPARENT}
    execute(engine, SET_ASIDE, **values)
    with running(relay):
        eventually(lambda: topic.events == [one])
    assert topic.attributes[0]["traceparent"]["StringValue"] == TRACEPARENT
    assert count("created_at < now() - interval '23 hours' and attempts = 5") == 1
    execute(engine, SET_ASIDE, **{**values, "id": uuid4()})
    with engine.begin() as connection:
        connection.execute(UNDO)  # as reverted migrations do
    assert count("published_at is null") == 1
