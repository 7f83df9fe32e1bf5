"""A publisher whose messages are spans of their traces."""

from collections.abc import Sequence
from dataclasses import replace

from event_messages.publisher import Failed, Outgoing, Publisher, TopicClient

from service_runtime.aws import aws_client
from service_runtime.traces import Span, Trace, Work, recording, start_span

# Seconds to wait for an answer: with all attempts a relay is back well within its time to live.
TOPIC_TIMEOUT = 5


def event_publisher(client: TopicClient, topic_arn: str) -> "TracedPublisher":
    return TracedPublisher(Publisher(client, topic_arn))


def topic_publisher(topic_arn: str) -> "TracedPublisher":
    """With a client of its own, which waits no longer than that."""
    return event_publisher(aws_client("sns", read_timeout=TOPIC_TIMEOUT), topic_arn)


def publishing(topic: str, event_type: str) -> Work:
    """What a span of one message to a topic is about."""
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
    """Each message carries the span of its publishing, which is the parent of its handling."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._topic = publisher.topic_arn.rpartition(":")[2]

    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
        """Publish all; return those that were not accepted, as they were given."""
        if not recording():
            return self._publisher.publish(messages)
        spans = [self._start(message) for message in messages]
        given = {message.event.id: message for message in messages}
        try:
            failed = self._publisher.publish(
                [
                    replace(message, traceparent=str(span.trace))
                    for message, span in zip(messages, spans, strict=True)
                ]
            )
            self._tell(messages, spans, failed)
        finally:
            for span in spans:
                span.end()
        return [replace(one, message=given[one.message.event.id]) for one in failed]

    def close(self) -> None:
        self._publisher.close()

    def _start(self, message: Outgoing) -> Span:
        work = publishing(self._topic, message.event.type)
        span = start_span(work, Trace.parse(message.traceparent))
        span.describe({"messaging.message.id": str(message.event.id)})
        return span

    def _tell(
        self, messages: Sequence[Outgoing], spans: Sequence[Span], failed: Sequence[Failed]
    ) -> None:
        reasons = {one.message.event.id: one.reason for one in failed}
        for message, span in zip(messages, spans, strict=True):
            if reason := reasons.get(message.event.id):
                span.fail(reason)
