"""Events that no topic takes: set aside, counted, and looked after by operators."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from event_messages.event import Event
from event_messages.publisher import Failed, Outgoing, Publisher
from event_messages.topic import BATCH_BYTES
from prometheus_client import REGISTRY
from service_runtime.measuring import Measuring
from service_runtime.outbox import append
from service_runtime.outbox_command import main
from service_runtime.outbox_measures import outbox_measures
from service_runtime.outbox_relay import ATTEMPTS, OutboxRelay
from service_runtime.refused_events import UNDO, RefusedEvents, UnknownEvents
from sqlalchemy import Engine, text

from tests.services.event_messages.fakes import InMemoryTopic
from tests.services.service_runtime.test_outbox import eventually, running

pytestmark = pytest.mark.integration

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LARGE = f"{BATCH_BYTES + 309} bytes; a topic accepts {BATCH_BYTES}"
Count = Callable[[str], int]
Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def topic() -> InMemoryTopic:
    return InMemoryTopic()


@pytest.fixture
def relay(engine: Engine, topic: InMemoryTopic) -> OutboxRelay:
    return OutboxRelay(engine, Publisher(topic, topic.arn), poll=0.05)


@pytest.fixture
def refused(engine: Engine) -> RefusedEvents:
    return RefusedEvents(engine)


@pytest.fixture
def run(database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command, and the objects that it prints."""
    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> list[dict[str, Any]]:
        main(arguments)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


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


@pytest.fixture
def large(engine: Engine, relay: OutboxRelay) -> Event:
    """An event that was refused as often as it takes."""
    large = event(BATCH_BYTES)
    store(engine, large)
    relay_for_hours(engine, relay, ATTEMPTS)
    return large


def test_an_event_that_stays_refused_is_set_aside_with_all_it_had(
    engine: Engine,
    topic: InMemoryTopic,
    relay: OutboxRelay,
    refused: RefusedEvents,
    count: Count,
    caplog: pytest.LogCaptureFixture,
) -> None:
    large, good = event(BATCH_BYTES), event()
    store(engine, large, good)
    relay_for_hours(engine, relay, ATTEMPTS - 1)
    assert refused.oldest() == []
    assert count("published_at is null") == 1
    relay_for_hours(engine, relay, 1)
    [one] = refused.oldest()
    assert (one.event_id, one.type, one.attempts) == (large.id, "reminder:created", ATTEMPTS)
    assert (one.reason, refused.bodies([large.id])) == (LARGE, {large.id: large.to_json()})
    assert one.created_at < one.refused_at
    assert (topic.events, count("published_at is null")) == ([good], 0)
    [told] = [record for record in caplog.records if record.message == "event refused"]
    assert (vars(told)["event_id"], vars(told)["reason"]) == (str(large.id), one.reason)


def test_a_fault_of_the_topic_sets_nothing_aside(engine: Engine, count: Count) -> None:
    class Throttling:
        def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
            return [Failed(message, "Throttled: slow down") for message in messages]

    store(engine, event())
    relay_for_hours(engine, OutboxRelay(engine, Throttling()), ATTEMPTS + 1)
    assert count("published_at is null and attempts = 0") == 1


def test_an_event_that_cannot_be_read_is_set_aside_and_holds_nothing_up(
    engine: Engine, topic: InMemoryTopic, relay: OutboxRelay, refused: RefusedEvents
) -> None:
    execute(engine, "insert into outbox (event_id, body) values (:id, '{}')", id=uuid4())
    good = event()
    store(engine, good)
    assert relay.relay_once() == 2
    assert topic.events == [good]
    [one] = refused.oldest()
    assert (one.type, one.size, one.attempts) == (None, 2, 1)
    assert one.reason.startswith("not an event: id: Field required; ")


def test_a_stopped_relay_publishes_the_rest_beside_what_is_refused(
    engine: Engine, topic: InMemoryTopic
) -> None:
    good = event()
    store(engine, event(BATCH_BYTES), good)
    relay = OutboxRelay(engine, Publisher(topic, topic.arn), batch=1)
    relay.stop()
    relay.run()
    assert topic.events == [good]


def test_what_is_set_aside_is_counted_and_is_no_late_event(
    engine: Engine, large: Event, relay: OutboxRelay, refused: RefusedEvents
) -> None:
    def measured() -> tuple[float | None, float | None]:
        Measuring(outbox_measures(engine)).work()
        names = ("outbox_refused_events", "outbox_oldest_seconds")
        first, second = (REGISTRY.get_sample_value(name) for name in names)
        return first, second

    with running(relay):
        eventually(lambda: measured() == (1, 0))
        refused.discard([large.id])
        eventually(lambda: measured() == (0, 0))


def test_a_retried_event_is_published_with_its_trace(
    engine: Engine, large: Event, relay: OutboxRelay, refused: RefusedEvents, topic: InMemoryTopic
) -> None:
    small = large.model_copy(update={"data": {}})  # as if the topic took larger ones now
    execute(engine, "update refused_events set body = :body", body=small.to_json())
    refused.retry([large.id])
    assert refused.oldest() == []
    assert relay.relay_once() == 1
    assert topic.events == [small]
    assert topic.attributes[0]["traceparent"]["StringValue"] == TRACEPARENT


def test_a_retry_wakes_the_relay(
    engine: Engine, large: Event, topic: InMemoryTopic, refused: RefusedEvents, count: Count
) -> None:
    relay = OutboxRelay(engine, Publisher(topic, topic.arn), poll=300)
    with running(relay):
        store(engine, event())
        eventually(lambda: topic.events)  # the relay has been through and waits
        refused.retry([large.id])
        eventually(lambda: len(refused.oldest()) == 1 and refused.oldest()[0].attempts > ATTEMPTS)
    assert count("published_at is null") == 0


def test_nothing_is_changed_when_an_id_is_wrong(large: Event, refused: RefusedEvents) -> None:
    for act in (refused.bodies, refused.retry, refused.discard):
        with pytest.raises(UnknownEvents, match=f"found no event with {UUID(int=1)}. Nothing was"):
            act([large.id, UUID(int=1)])
    assert [one.event_id for one in refused.oldest()] == [large.id]


def test_a_migration_that_is_taken_back_loses_nothing(
    engine: Engine, large: Event, count: Count
) -> None:
    execute(engine, UNDO)
    assert count(f"event_id = '{large.id}' and published_at is null") == 1


def test_operators_list_show_and_retry(
    large: Event, refused: RefusedEvents, count: Count, run: Run
) -> None:
    [one] = refused.oldest()
    told = {
        "id": str(large.id),
        "type": "reminder:created",
        "bytes": len(large.to_json()),
        "reason": LARGE,
        "attempts": ATTEMPTS,
        "createdAt": one.created_at.isoformat(),
        "refusedAt": one.refused_at.isoformat(),
    }
    assert run("list") == [told]
    assert run("show", "--id", str(large.id)) == [{"id": str(large.id), "body": large.to_json()}]
    assert run("retry", "--id", str(large.id)) == [{"id": str(large.id)}]
    assert run("list") == []
    assert count("published_at is null") == 1


def test_operators_retry_all_and_discard(large: Event, relay: OutboxRelay, run: Run) -> None:
    named = {"id": str(large.id)}
    assert run("retry", "--all") == [named]
    relay.relay_once()
    assert run("list", "--limit", "0") == []
    discarded = run("discard", "--id", str(large.id), "--yes")
    assert discarded == [{**named, "body": large.to_json()}]
    assert run("list") == []


@pytest.mark.usefixtures("engine")
def test_an_unknown_id_is_one_sentence(run: Run) -> None:
    with pytest.raises(SystemExit) as ended:
        run("retry", "--id", str(UUID(int=1)))
    assert ended.value.code == (
        f"Expected ids of refused events; found no event with {UUID(int=1)}. "
        "Nothing was changed; `list` prints the ids."
    )


def test_a_database_that_does_not_answer_is_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_NAME", "nowhere")
    with pytest.raises(SystemExit, match="^Expected an answer of the database; got .*. Nothing"):
        run("list")
