"""W3C trace context that goes through every hop: HTTP header, message attribute, outbox row."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current_trace() -> Trace | None:
    return _current.get()


def current_traceparent() -> str | None:
    """What the next hop is told, None outside of any trace."""
    trace = _current.get()
    return str(trace) if trace else None


@contextmanager
def continue_trace(traceparent: str | None) -> Iterator[Trace]:
    """Work in a child of the given trace, or in a new trace when there is none."""
    parent = Trace.parse(traceparent)
    trace = parent.child() if parent else Trace.new()
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


class TraceMiddleware:
    """Continues the caller's trace for each HTTP request and names it in the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        with continue_trace(Headers(scope=scope).get("traceparent")) as trace:

            async def send_traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)["traceparent"] = str(trace)
                await send(message)

            await self.app(scope, receive, send_traced)
