import threading
import time
from collections.abc import Callable

import pytest
from event_messages.dead_letters import DeadLetterQueue
from event_messages.event import Event
from event_messages.pace import Pace
from event_messages.publisher import Outgoing, Publisher
from opentelemetry.trace import SpanContext, get_current_span
from prometheus_client import REGISTRY
from service_runtime.event_consumer import event_consumer
from service_runtime.traces import continue_trace, current_traceparent
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, TimeoutError

from tests.services.event_messages.fakes import InMemoryQueue, InMemoryTopic

QUICK = Pace(threads=2, wait=1, retry_base=0.01)


def handled(event_type: str, outcome: str) -> float:
    labels = {"event_type": event_type, "outcome": outcome}
    return REGISTRY.get_sample_value("messages_total", labels) or 0


def consume(handle: Callable[[Event], None], event: Event, until: Callable[[], bool]) -> None:
    """Publish the event within a trace, and consume it."""
    dead, topic = InMemoryQueue("dead"), InMemoryTopic()
    queue = InMemoryQueue(dead_letters=dead, max_receives=3, longest_wait=0.02)
    topic.subscribe(queue)
    Publisher(topic, topic.arn).publish([Outgoing(event, current_traceparent())])
    consumer = event_consumer(
        queue, queue.url, handle, dead_letters=DeadLetterQueue(dead.url, "tests"), pace=QUICK
    )
    thread = threading.Thread(target=consumer.run)
    thread.start()
    end = time.monotonic() + 60
    while not until() and time.monotonic() < end:
        time.sleep(0.01)
    consumer.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_message_is_traced_and_counted() -> None:
    traces: list[SpanContext] = []
    event = Event.new("reminder:created", "u1", {})
    before = handled(event.type, "done")
    with continue_trace(None) as span:
        consume(
            lambda _: traces.append(get_current_span().get_span_context()),
            event,
            until=lambda: handled(event.type, "done") > before,
        )
    assert handled(event.type, "done") == before + 1
    trace = span.get_span_context()
    assert (traces[0].trace_id, traces[0].span_id != trace.span_id) == (trace.trace_id, True)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (OperationalError("select", {}, Exception()), "retried"),
        (InterfaceError("select", {}, Exception()), "retried"),
        (TimeoutError(), "retried"),
        (IntegrityError("insert", {}, Exception()), "failed"),
    ],
)
def test_database_outage_causes_retry(error: Exception, outcome: str) -> None:
    event = Event.new("reminder:updated", "u1", {})
    before = handled(event.type, outcome)

    def handle(event: Event) -> None:
        raise error

    consume(handle, event, until=lambda: handled(event.type, outcome) > before)
    assert handled(event.type, outcome) > before


def test_unknown_types_share_one_label() -> None:
    event = Event.new("made:up", "u1", {})
    before = handled("unknown", "done")
    consume(lambda _: None, event, until=lambda: handled("unknown", "done") > before)
    assert handled("unknown", "done") == before + 1
    assert handled("made:up", "done") == 0
