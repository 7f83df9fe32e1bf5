"""Traces and counts HTTP requests, bounds their bodies and answers their unexpected errors."""

import logging
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from opentelemetry.trace import Span, SpanKind
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_runtime.headers import only_header, quote_header
from service_runtime.identity import Identity
from service_runtime.metrics import REQUEST_SECONDS, REQUESTS
from service_runtime.problems import Problem
from service_runtime.traces import Work, continue_trace, fail, traceparent_of

LARGEST_BODY = 16 * 1024  # bytes, for unknown callers and most routes
DEEPEST_JSON = 32  # levels
LARGE_BODIES = 16  # bodies above `LARGEST_BODY` in a process at once
LARGE_BODIES_OF_A_CALLER = 2
TLS_ONLY = "max-age=31536000"  # a year

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(set(range(256)) - set(b"[]{}"))

logger = logging.getLogger(__name__)


class HeadMiddleware:
    """Answers HEAD like GET; the server omits the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, send)


class RequestMiddleware:
    """Traces and counts requests; logs unexpected errors and answers with status 500.

    A request continues the trace of its caller, and its response names the trace. Responses forbid
    guesses of content types, and plain HTTP after a request that came by TLS.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        with continue_trace(Headers(scope=scope).get("traceparent"), _work(scope)) as span:
            await self._observe(scope, receive, send, span)

    async def _observe(self, scope: Scope, receive: Receive, send: Send, span: Span) -> None:
        started = time.perf_counter()
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["traceparent"] = traceparent_of(span)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                # A load balancer replaces the header; a client that lies deceives itself alone.
                if (b"x-forwarded-proto", b"https") in scope["headers"]:
                    headers.setdefault("Strict-Transport-Security", TLS_ONLY)
                _describe(span, scope, status)
            await send(message)

        try:
            await self.app(scope, receive, send_observed)
        except Exception:
            logger.exception("request failed", extra={"path": scope["path"]})
            if status:
                raise
            problem = Problem(500, "INTERNAL_ERROR", "An unexpected error occurred; see the log.")
            await problem.response()(scope, receive, send_observed)
        finally:
            _count(scope, status, time.perf_counter() - started)


class LargeBodies:
    """Limits the number of large bodies in a process, in total and per caller."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, user_id: str) -> Iterator[None]:
        if self._held[user_id] >= LARGE_BODIES_OF_A_CALLER:
            detail = f"Send at most {LARGE_BODIES_OF_A_CALLER} large bodies at once."
            raise Problem(429, "TOO_MANY_REQUESTS", detail, headers={"Retry-After": "1"})
        if self._held.total() >= LARGE_BODIES:
            detail = "The service is receiving too many large bodies; try again."
            raise Problem(503, "UNAVAILABLE", detail, headers={"Retry-After": "1"})
        self._held[user_id] += 1
        try:
            yield
        finally:
            self._held[user_id] -= 1
            self._held += Counter()  # removes callers without a body


class BodyMiddleware:
    """Rejects bodies that are too large, and JSON that is not UTF-8 or nested too deeply.

    Handlers of other media types check the character set. `limits` sets the limit of a path in
    bytes; the default is `LARGEST_BODY`. Larger bodies are read only for known callers.
    """

    def __init__(
        self, app: ASGIApp, identity: Identity, limits: Mapping[str, int] | None = None
    ) -> None:
        self.app, self.identity, self.limits = app, identity, limits or {}
        self.large = LargeBodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        with ExitStack() as held:
            try:
                headers = Headers(scope=scope)
                media_type = only_header(headers, "Content-Type")
                body = await self._read(scope, headers, receive, held)
                _check(body, media_type or "")
            except Problem as problem:
                return await problem.response()(scope, receive, send)
            if body is not None:
                await self.app(scope, _replay(body, receive), send)

    async def _read(
        self, scope: Scope, headers: Headers, receive: Receive, held: ExitStack
    ) -> bytes | None:
        """Return the complete body, or None if the client disconnected."""
        limit = self.limits.get(scope["path"], LARGEST_BODY)
        expected, admitted = _announced_size(headers, limit), LARGEST_BODY
        body, more = bytearray(), True
        while more:
            if max(expected, len(body)) > admitted:
                admitted = limit
                caller = await run_in_threadpool(self.identity.caller_of, headers)
                held.enter_context(self.large.hold(caller.user_id))
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > limit:
                raise _too_large(limit)
            more = message.get("more_body", False)
        return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that returns the body as one message."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _announced_size(headers: Headers, limit: int) -> int:
    """Return the announced size of the body; reject encoded and too large bodies."""
    if (encoding := headers.get("content-encoding", "identity").lower()) != "identity":
        detail = f"Expected a body without Content-Encoding; got {quote_header(encoding)}."
        accepted = {"Accept-Encoding": "identity"}
        raise Problem(415, "UNSUPPORTED_ENCODING", detail, headers=accepted)
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    return int(announced) if announced.isdigit() else 0


def _too_large(limit: int) -> Problem:
    return Problem(413, "BODY_TOO_LARGE", f"Expected a body of at most {limit} bytes.")


def _check(body: bytes | None, media_type: str) -> None:
    if not body or media_type.lower().startswith(("text/", "application/octet-stream")):
        return
    try:
        body.decode()
    except UnicodeDecodeError as error:
        detail = f"Expected a body in UTF-8; byte {error.start} is not valid."
        raise Problem(400, "MALFORMED_BODY", detail) from None
    if _is_too_deep(body):
        detail = f"Expected JSON with at most {DEEPEST_JSON} levels; the body has more."
        raise Problem(400, "MALFORMED_BODY", detail)


def _is_too_deep(body: bytes) -> bool:
    """Return True if brackets remain after the innermost level is removed `DEEPEST_JSON` times."""
    brackets = _STRING.sub(b"", body).translate(_BRACKETS, _OTHERS)
    for _ in range(DEEPEST_JSON):
        brackets = brackets.replace(b"[]", b"")
    return b"[]" in brackets or brackets.count(b"[") > DEEPEST_JSON


def _work(scope: Scope) -> Work | None:
    """Return the description of the span, or None for probes, which are too frequent."""
    path: str = scope["path"]
    if path.startswith("/health/"):
        return None
    attributes = {
        "http.request.method": scope["method"],
        "url.scheme": scope.get("scheme", "http"),
        "url.path": path,
    }
    return Work(scope["method"], SpanKind.SERVER, attributes)


def _describe(span: Span, scope: Scope, status: int) -> None:
    """Add the status and the route, which is known only when the application has answered."""
    span.set_attribute("http.response.status_code", status)
    if route := getattr(scope.get("route"), "path", ""):
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", route)
    if status >= 500:
        fail(span, str(status))


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    if route.startswith("/health"):
        return
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
