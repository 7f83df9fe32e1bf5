"""Creates consumers that record traces, logs and metrics."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from event_messages.consumer import Consumer
from event_messages.contract import DATA
from event_messages.dead_letters import DeadLetterQueue
from event_messages.event import Event
from event_messages.pace import Pace
from event_messages.received import Handled, QueueClient, Received
from opentelemetry.trace import Span, SpanKind, get_current_span
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from service_runtime.metrics import MESSAGE_SECONDS, MESSAGES, QUEUE_AGE, QUEUE_SECONDS
from service_runtime.traces import Work, continue_trace, fail


def event_consumer(
    client: QueueClient,
    queue_url: str,
    handle: Callable[[Event], None],
    *,
    dead_letters: DeadLetterQueue,
    pace: Pace = Pace(),  # noqa: B008 (frozen)
    read: Callable[[str], Event] = Event.from_json,
    retry_on: tuple[type[Exception], ...] = (),
    recover: Callable[[], object] = lambda: None,
) -> Consumer:
    """Return a consumer that retries messages after an outage of the database.

    `recover` raises an error during the outage, for example `lambda: ping(engine)`.
    """
    consumer = Consumer(
        client,
        queue_url,
        handle,
        dead_letters=dead_letters,
        pace=pace,
        read=read,
        retry_on=(OperationalError, InterfaceError, TimeoutError, *retry_on),
        recover=recover,
        trace=trace_messages(queue_url.rpartition("/")[2]),
        observe=measure,
    )
    QUEUE_AGE.set_function(consumer.oldest_age)
    return consumer


def trace_messages(queue: str) -> Callable[[Received], AbstractContextManager[Span]]:
    """Return a function that opens a span for a message, in the trace of its publisher."""

    def trace(message: Received) -> AbstractContextManager[Span]:
        attributes: dict[str, str | int] = {
            "messaging.system": "aws_sqs",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": queue,
            "messaging.message.id": message.id,
            "herald.receive_count": message.receive_count,
        }
        work = Work(f"process {queue}", SpanKind.CONSUMER, attributes)
        return continue_trace(message.attributes.get("traceparent"), work)

    return trace


def measure(handled: Handled) -> None:
    event_type = handled.event_type if handled.event_type in DATA else "unknown"
    MESSAGES.labels(event_type, handled.outcome).inc()
    MESSAGE_SECONDS.labels(event_type).observe(handled.seconds)
    if handled.message.receive_count == 1 and handled.message.sent_at:
        QUEUE_SECONDS.observe(max(0, time.time() - handled.seconds - handled.message.sent_at))
    span = get_current_span()
    span.set_attributes({"herald.event.type": event_type, "herald.outcome": handled.outcome})
    if handled.outcome not in ("done", "released"):
        fail(span, handled.reason)
