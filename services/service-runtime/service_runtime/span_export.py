"""Sends spans to a collector by OTLP over HTTP, if the environment names one.

OpenTelemetry defines the variables, for example `OTEL_EXPORTER_OTLP_ENDPOINT`,
`OTEL_TRACES_SAMPLER` and `OTEL_RESOURCE_ATTRIBUTES`. Only then does the process load the SDK.
"""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from service_runtime import traces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

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
    traces.record_with(provider.get_tracer("herald"))
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
