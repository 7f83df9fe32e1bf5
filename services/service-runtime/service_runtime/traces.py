"""Passes the W3C trace context through HTTP headers, message attributes and outbox rows.

Work in a trace is a span. Spans are recorded only if `span_export` is active. Otherwise, this
module needs only the API of OpenTelemetry, and creates the ids for headers and logs itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from random import getrandbits

from event_messages.failures import describe
from opentelemetry.context import Context, get_current
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_TRACE_CONTEXT = TraceContextTextMapPropagator()
_tracer: Tracer | None = None


@dataclass(frozen=True)
class Work:
    """Describes a span in terms of the semantic conventions of OpenTelemetry."""

    name: str
    kind: SpanKind
    attributes: Mapping[str, str | int] = field(default_factory=dict)


def record_with(tracer: Tracer | None) -> None:
    """Set the tracer that records spans, or None to record nothing."""
    global _tracer
    _tracer = tracer


def is_recording() -> bool:
    return _tracer is not None


def start_span(work: Work | None, parent: Context) -> Span:
    """Start a span that the caller must end; without `work` it is not recorded."""
    if _tracer and work:
        return _tracer.start_span(work.name, parent, work.kind, work.attributes)
    before = get_current_span(parent).get_span_context()
    flags = before.trace_flags if before.is_valid else TraceFlags(TraceFlags.SAMPLED)
    trace_id = before.trace_id or getrandbits(128)
    return NonRecordingSpan(SpanContext(trace_id, getrandbits(64), False, flags))


def read_traceparent(traceparent: str | None) -> Context:
    """Return a context with the span of a `traceparent`, or an empty one if it is not valid."""
    return _TRACE_CONTEXT.extract({"traceparent": traceparent or ""}, Context())


def traceparent_of(span: Span) -> str:
    """Return the `traceparent` for the next hop."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags.sampled:02x}"


def current_traceparent() -> str | None:
    """Return the `traceparent` for the next hop, or None outside of a trace."""
    span = get_current_span()
    return traceparent_of(span) if span.get_span_context().is_valid else None


def continue_trace(
    traceparent: str | None, work: Work | None = None
) -> AbstractContextManager[Span]:
    """Open a span in the trace of `traceparent`, or in a new trace."""
    return _enter(start_span(work, read_traceparent(traceparent)))


def span(work: Work | None) -> AbstractContextManager[Span]:
    """Open a span in the current trace; without `work` it is not recorded."""
    return _enter(start_span(work, get_current()))


def fail(span: Span, reason: str) -> None:
    span.set_status(Status(StatusCode.ERROR, reason))


@contextmanager
def _enter(span: Span) -> Iterator[Span]:
    # OpenTelemetry would record the texts of exceptions, which can quote users.
    with use_span(span, True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except Exception as error:
            fail(span, describe(error))
            raise
