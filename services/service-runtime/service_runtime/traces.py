"""Passes the W3C trace context through HTTP headers, message attributes and outbox rows.

Work in a trace is a span. Spans are recorded only if `span_export` is active.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Literal

from event_messages.failures import describe

Kind = Literal["server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int]

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True)
class Trace:
    trace_id: str
    span_id: str
    sampled: bool = True

    @classmethod
    def new(cls) -> "Trace":
        return cls(secrets.token_hex(16), secrets.token_hex(8))

    @classmethod
    def parse(cls, traceparent: str | None) -> "Trace | None":
        """Return the trace of a `traceparent`, or None if the text is not valid."""
        match = _TRACEPARENT.fullmatch(traceparent or "")
        if not match:
            return None
        version, trace_id, span_id, flags, rest = match.groups()
        if version == "ff" or (version == "00" and rest):
            return None
        if not int(trace_id, 16) or not int(span_id, 16):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & 1))

    def child(self) -> "Trace":
        return replace(self, span_id=secrets.token_hex(8))

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


@dataclass(frozen=True)
class Work:
    """Describes a span in terms of the semantic conventions of OpenTelemetry."""

    name: str
    kind: Kind
    attributes: Attributes = field(default_factory=dict)


class Span:
    """Represents work in a trace without recording it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def describe(self, attributes: Attributes) -> None:
        """Add attributes that become known during the work."""

    def rename(self, name: str) -> None: ...

    def fail(self, reason: str) -> None: ...

    def end(self) -> None: ...


def start_unrecorded(work: Work | None, parent: Trace | None) -> Span:
    return Span(parent.child() if parent else Trace.new())


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_start: Callable[[Work, Trace | None], Span] | None = None


def record_with(start: Callable[[Work, Trace | None], Span] | None) -> None:
    """Set the function that starts spans, or None to record nothing."""
    global _start
    _start = start


def is_recording() -> bool:
    return _start is not None


def start_span(work: Work | None, parent: Trace | None) -> Span:
    """Start a span that the caller must end; without `work` it is not recorded."""
    return _start(work, parent) if _start and work else start_unrecorded(work, parent)


def current_span() -> Span | None:
    return _current.get()


def current_trace() -> Trace | None:
    span = _current.get()
    return span.trace if span else None


def current_traceparent() -> str | None:
    """Return the `traceparent` for the next hop, or None outside of a trace."""
    trace = current_trace()
    return str(trace) if trace else None


def continue_trace(
    traceparent: str | None, work: Work | None = None
) -> AbstractContextManager[Trace]:
    """Open a span in the trace of `traceparent`, or in a new trace."""
    return _enter(start_span(work, Trace.parse(traceparent)))


def span(work: Work) -> AbstractContextManager[Trace]:
    """Open a span in the current trace."""
    return _enter(start_span(work, current_trace()))


@contextmanager
def _enter(span: Span) -> Iterator[Trace]:
    token = _current.set(span)
    try:
        yield span.trace
    except Exception as error:
        span.fail(describe(error))
        raise
    finally:
        _current.reset(token)
        span.end()
