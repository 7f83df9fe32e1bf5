"""What is done for each HTTP request before and after the application sees it."""

import logging
import re
import time
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_runtime.headers import only_header
from service_runtime.metrics import REQUEST_SECONDS, REQUESTS
from service_runtime.problems import Problem

LARGEST_BODY = 16 * 1024  # bytes
DEEPEST_JSON = 32  # levels

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)

logger = logging.getLogger(__name__)


class RequestMiddleware:
    """Counts requests and answers 500 for an unexpected error, which it logs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = time.perf_counter()
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_observed)
        except Exception:
            logger.exception("request failed", extra={"path": scope["path"]})
            if status:
                raise
            problem = Problem(500, "INTERNAL_ERROR", "Something went wrong; it has been logged.")
            await problem.response()(scope, receive, send_observed)
        finally:
            _count(scope, status, time.perf_counter() - started)


class BodyMiddleware:
    """Refuses bodies that are too large, not UTF-8 or, as JSON, nested too deeply.

    `limits` gives a path another limit in bytes than `LARGEST_BODY`.
    """

    def __init__(self, app: ASGIApp, limits: Mapping[str, int] | None = None) -> None:
        self.app, self.limits = app, limits or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        try:
            media_type = only_header(Headers(scope=scope), "Content-Type")
            body = await self._read(scope, receive)
            _check(body, media_type or "")
        except Problem as problem:
            return await problem.response()(scope, receive, send)
        if body is None:
            return None
        given = False

        async def receive_again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, receive_again, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None when the client went away."""
        limit = self.limits.get(scope["path"], LARGEST_BODY)
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > limit:
                raise _too_large(limit)
            more = message.get("more_body", False)
        return bytes(body)


def _too_large(limit: int) -> Problem:
    return Problem(413, "BODY_TOO_LARGE", f"The body is larger than {limit} bytes.")


def _check(body: bytes | None, media_type: str) -> None:
    if not body:
        return
    try:
        body.decode()
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8 from byte {error.start} on."
        raise Problem(400, "MALFORMED_BODY", detail) from None
    if not media_type.startswith("text/") and _depth(body) > DEEPEST_JSON:
        detail = f"The body is nested more than {DEEPEST_JSON} levels deep."
        raise Problem(400, "MALFORMED_BODY", detail)


def _depth(body: bytes) -> int:
    """How deep brackets nest outside of strings."""
    depth = deepest = 0
    for character in _STRING.sub(b"", body):
        if character in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in b"]}":
            depth -= 1
    return deepest


def _count(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "unmatched")
    if route.startswith("/health") or route == "/metrics":
        return
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
