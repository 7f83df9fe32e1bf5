"""A span for each notification that is published, in the trace of the write it stems from."""

from collections.abc import Sequence

from service_runtime.event_publisher import publishing
from service_runtime.traces import Span, Trace, start_span

from notification_scheduler.due import Due
from notification_scheduler.messages import TYPE


def announce(topic: str, dues: Sequence[Due]) -> list[Span]:
    """Spans that the caller must end, one for each."""
    work = publishing(topic, TYPE)
    spans = [start_span(work, Trace.parse(due.traceparent)) for due in dues]
    for due, span in zip(dues, spans, strict=True):
        span.describe({"herald.notification.id": str(due.id)})
    return spans


def end(spans: Sequence[Span], dues: Sequence[Due], published: Sequence[Due]) -> None:
    taken = {due.id for due in published}
    for due, span in zip(dues, spans, strict=True):
        if due.id not in taken:
            span.fail("the topic did not take it")
        span.end()
