"""W3C trace context that goes through every hop: HTTP header, message attribute, outbox row.

Work in a trace is a span. Nothing is recorded of spans unless `span_export` says how.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Literal

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
        """None when the text is no valid traceparent, as the specification asks."""
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
    """What a span is about, in the words of OpenTelemetry's semantic conventions."""

    name: str
    kind: Kind
    attributes: Attributes = field(default_factory=dict)


class Span:
    """A piece of work in a trace, of which nothing is recorded."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def describe(self, attributes: Attributes) -> None:
        """Add what was learned during the work."""

    def rename(self, name: str) -> None: ...

    def fail(self, reason: str) -> None: ...

    def end(self) -> None: ...


def unrecorded(work: Work | None, parent: Trace | None) -> Span:
    return Span(parent.child() if parent else Trace.new())


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_start: Callable[[Work, Trace | None], Span] | None = None


def record_with(start: Callable[[Work, Trace | None], Span] | None) -> None:
    """From now on every span of some work is started so."""
    global _start
    _start = start


def recording() -> bool:
    return _start is not None


def start_span(work: Work | None, parent: Trace | None) -> Span:
    """A span that the caller must end; without work nothing is recorded of it."""
    return _start(work, parent) if _start and work else unrecorded(work, parent)


def current_span() -> Span | None:
    return _current.get()


def current_trace() -> Trace | None:
    span = _current.get()
    return span.trace if span else None


def current_traceparent() -> str | None:
    """What the next hop is told, None outside of any trace."""
    trace = current_trace()
    return str(trace) if trace else None


def continue_trace(
    traceparent: str | None, work: Work | None = None
) -> AbstractContextManager[Trace]:
    """Work in a child of the given trace, or in a new trace when there is none."""
    return _within(start_span(work, Trace.parse(traceparent)))


def span(work: Work) -> AbstractContextManager[Trace]:
    """Work in a child of the current trace."""
    return _within(start_span(work, current_trace()))


@contextmanager
def _within(span: Span) -> Iterator[Trace]:
    token = _current.set(span)
    try:
        yield span.trace
    except Exception as error:
        span.fail(f"{type(error).__name__}: {error}")
        raise
    finally:
        _current.reset(token)
        span.end()
