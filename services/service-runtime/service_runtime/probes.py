"""Reports health over HTTP, for APIs and consumers."""

import threading
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

Check = Callable[[], object]


class NotReady(Exception):
    """Names the dependencies for which a service waits."""


def check_all(**checks: Check) -> Check:
    """Combine checks into one; a check fails if it raises an error or returns False."""

    def combined() -> None:
        failed = {name: reason for name, check in checks.items() if (reason := _failure(check))}
        if failed:
            raise NotReady("; ".join(f"{name}: {reason}" for name, reason in failed.items()))

    return combined


def cache_check(check: Check, seconds: float = 5, failure_seconds: float = 1) -> Check:
    """Return a check that repeats a success for `seconds`, and a failure for `failure_seconds`."""
    lock = threading.Lock()
    state: dict[str, Any] = {"until": 0.0, "reason": ""}

    def ask() -> None:
        with lock:
            if time.monotonic() >= state["until"]:
                state["reason"] = _failure(check)
                kept = failure_seconds if state["reason"] else seconds
                state["until"] = time.monotonic() + kept
            if state["reason"]:
                raise NotReady(state["reason"])

    return ask


def health_routes(live: Check, ready: Check) -> list[BaseRoute]:
    """Return the routes `/health/live` for the loop and `/health/ready` for dependencies."""
    ready = cache_check(ready)

    async def answer_live(request: Request) -> Response:
        return _answer(_failure(live))

    async def answer_ready(request: Request) -> Response:
        return _answer(await run_in_threadpool(_failure, ready))

    return [
        Route("/health/live", answer_live),
        Route("/health/ready", answer_ready),
    ]


def health_app(live: Check, ready: Check) -> Starlette:
    """Return the HTTP application of a service without an API."""
    return Starlette(routes=health_routes(live, ready))


def _failure(check: Check) -> str:
    """Return the reason why the check fails, or an empty text."""
    try:
        return "failed" if check() is False else ""
    except NotReady as reason:
        return str(reason)
    except Exception as error:
        return type(error).__name__


def _answer(reason: str) -> JSONResponse:
    if reason:
        return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)
    return JSONResponse({"status": "ok"})
