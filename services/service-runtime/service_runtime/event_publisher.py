"""Publishes events with a span for each message."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from event_messages.failures import describe
from event_messages.publisher import Failed, Outgoing, Publisher
from opentelemetry.trace import Span, SpanKind

from service_runtime.aws import aws_client
from service_runtime.traces import (
    Work,
    fail,
    is_recording,
    read_traceparent,
    start_span,
    traceparent_of,
)

TOPIC_TIMEOUT = 5  # seconds; all attempts together must end before liveness of the relay fails


def topic_publisher(topic_arn: str) -> "TracedPublisher":
    """Return a publisher with its own client, which waits at most `TOPIC_TIMEOUT` per answer."""
    return TracedPublisher(Publisher(aws_client("sns", read_timeout=TOPIC_TIMEOUT), topic_arn))


@contextmanager
def publish_spans(
    topic_arn: str, messages: Mapping[UUID, tuple[str, str | None]], id: str
) -> Iterator[dict[UUID, Span]]:
    """Open a span for each message, in its own trace.

    `messages` contains types and traces by id. `id` is the name of the attribute for the id.
    """
    topic = topic_arn.rpartition(":")[2]
    attributes = {
        "messaging.system": "aws.sns",
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
    }
    spans = {}
    for key, (type, traceparent) in messages.items():
        own = {**attributes, "herald.event.type": type, id: str(key)}
        work = Work(f"send {topic}", SpanKind.PRODUCER, own)
        spans[key] = start_span(work, read_traceparent(traceparent))
    try:
        yield spans
    except Exception as error:
        for span in spans.values():
            fail(span, describe(error))
        raise
    finally:
        for span in spans.values():
            span.end()


class TracedPublisher:
    """Publishes messages, each with its span as the parent of its handling."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
        """Publish all messages; return those that the topic rejected, with their own traces."""
        if not is_recording():
            return self._publisher.publish(messages)
        own = {one.event.id: one for one in messages}
        described = {id: (one.event.type, one.traceparent) for id, one in own.items()}
        with publish_spans(self._publisher.topic_arn, described, "messaging.message.id") as spans:
            traced = [
                replace(one, traceparent=traceparent_of(spans[id])) for id, one in own.items()
            ]
            failed = self._publisher.publish(traced)
            for one in failed:
                fail(spans[one.entry.event.id], one.reason)
        return [replace(one, entry=own[one.entry.event.id]) for one in failed]

    def close(self) -> None:
        self._publisher.close()
