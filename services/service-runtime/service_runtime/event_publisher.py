"""Publishes events with a span for each message."""

from collections.abc import Sequence
from dataclasses import replace

from event_messages.publisher import Failed, Outgoing, Publisher
from event_messages.topic import TopicClient

from service_runtime.aws import aws_client
from service_runtime.traces import Span, Trace, Work, is_recording, start_span

TOPIC_TIMEOUT = 5  # seconds; all attempts together must end before liveness of the relay fails


def event_publisher(client: TopicClient, topic_arn: str) -> "TracedPublisher":
    return TracedPublisher(Publisher(client, topic_arn))


def topic_publisher(topic_arn: str) -> "TracedPublisher":
    """Return a publisher with its own client, which waits at most `TOPIC_TIMEOUT` per answer."""
    return event_publisher(aws_client("sns", read_timeout=TOPIC_TIMEOUT), topic_arn)


def describe_publish(topic: str, event_type: str) -> Work:
    """Return the description of a span that publishes one message."""
    return Work(
        f"send {topic}",
        "producer",
        {
            "messaging.system": "aws.sns",
            "messaging.operation.name": "publish",
            "messaging.operation.type": "send",
            "messaging.destination.name": topic,
            "herald.event.type": event_type,
        },
    )


class TracedPublisher:
    """Publishes messages, each with its span as the parent of its handling."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._topic = publisher.topic_arn.rpartition(":")[2]

    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
        """Publish all messages; return those that the topic rejected, with their own traces."""
        if not is_recording():
            return self._publisher.publish(messages)
        spans = [self._start(message) for message in messages]
        originals = {message.event.id: message for message in messages}
        try:
            failed = self._publisher.publish(
                [
                    replace(message, traceparent=str(span.trace))
                    for message, span in zip(messages, spans, strict=True)
                ]
            )
            self._mark_failed(messages, spans, failed)
        finally:
            for span in spans:
                span.end()
        return [replace(failure, message=originals[failure.message.event.id]) for failure in failed]

    def close(self) -> None:
        self._publisher.close()

    def _start(self, message: Outgoing) -> Span:
        work = describe_publish(self._topic, message.event.type)
        span = start_span(work, Trace.parse(message.traceparent))
        span.describe({"messaging.message.id": str(message.event.id)})
        return span

    def _mark_failed(
        self, messages: Sequence[Outgoing], spans: Sequence[Span], failed: Sequence[Failed]
    ) -> None:
        reasons = {failure.message.event.id: failure.reason for failure in failed}
        for message, span in zip(messages, spans, strict=True):
            if reason := reasons.get(message.event.id):
                span.fail(reason)
