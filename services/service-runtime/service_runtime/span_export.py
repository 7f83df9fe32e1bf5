"""Sends spans to a collector by OTLP over HTTP, if the environment names one.

OpenTelemetry defines the variables, for example `OTEL_EXPORTER_OTLP_ENDPOINT`,
`OTEL_TRACES_SAMPLER` and `OTEL_RESOURCE_ATTRIBUTES`. Only then does the process load the SDK.
"""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from service_runtime import traces
from service_runtime.traces import Attributes, Span, Trace, Work

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span as OpenTelemetrySpan
    from opentelemetry.trace import SpanContext, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
LONGEST_FLUSH = 2.0  # seconds that a process waits at its end for the last spans

_providers: list["TracerProvider"] = []


def export_spans(service: str, exporter: "SpanExporter | None" = None) -> None:
    """Record spans from now on, if the environment names a collector or `exporter` is set."""
    if exporter is None:
        if not any(os.environ.get(name) for name in ENDPOINTS):
            return
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter()
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # With a global provider, FastAPI would record each request a second time.
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    traces.record_with(_starter(provider.get_tracer("herald")))
    _providers.append(provider)


def finish_export() -> None:
    """Send the recorded spans and stop; wait at most `LONGEST_FLUSH` for the collector."""
    traces.record_with(None)
    while _providers:
        _run_briefly(LONGEST_FLUSH, _providers.pop().shutdown)


def flush_spans(longest: float) -> None:
    """Send the recorded spans within `longest` seconds, for Lambda, which freezes processes."""
    for provider in _providers:
        _run_briefly(longest, provider.force_flush)


def _run_briefly(seconds: float, act: Callable[[], object]) -> None:
    last = threading.Thread(target=act, name="last spans", daemon=True)
    last.start()
    last.join(seconds)


class RecordedSpan(Span):
    def __init__(self, span: "OpenTelemetrySpan") -> None:
        super().__init__(_trace_of(span.get_span_context()))
        self._span = span

    def describe(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, reason: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._span.set_status(Status(StatusCode.ERROR, reason))

    def end(self) -> None:
        self._span.end()


def _starter(tracer: "Tracer") -> Callable[[Work, Trace | None], Span]:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanKind, set_span_in_context

    def start(work: Work, parent: Trace | None) -> Span:
        context = Context()
        if parent:
            context = set_span_in_context(NonRecordingSpan(_context_of(parent)), context)
        kind = SpanKind[work.kind.upper()]
        attributes = dict(work.attributes)
        return RecordedSpan(tracer.start_span(work.name, context, kind, attributes))

    return start


def _context_of(trace: Trace) -> "SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    flags = TraceFlags(TraceFlags.SAMPLED if trace.sampled else TraceFlags.DEFAULT)
    return SpanContext(int(trace.trace_id, 16), int(trace.span_id, 16), True, flags)


def _trace_of(context: "SpanContext") -> Trace:
    return Trace(f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags.sampled)
