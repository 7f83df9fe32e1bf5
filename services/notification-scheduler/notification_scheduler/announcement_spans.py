"""Opens a span for each published notification, in the trace of its write."""

from collections.abc import Sequence

from service_runtime.event_publisher import describe_publish
from service_runtime.traces import Span, Trace, start_span

from notification_scheduler.due import Due
from notification_scheduler.messages import TYPE


def announce(topic: str, dues: Sequence[Due]) -> list[Span]:
    """Start one span for each notification; the caller must end them."""
    work = describe_publish(topic, TYPE)
    spans = [start_span(work, Trace.parse(due.traceparent)) for due in dues]
    for due, span in zip(dues, spans, strict=True):
        span.describe({"herald.notification.id": str(due.id)})
    return spans


def end(spans: Sequence[Span], dues: Sequence[Due], published: Sequence[Due]) -> None:
    taken = {due.id for due in published}
    for due, span in zip(dues, spans, strict=True):
        if due.id not in taken:
            span.fail("the topic rejected it")
        span.end()
