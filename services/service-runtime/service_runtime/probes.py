"""Health and metrics over HTTP, the same for an API and for a consumer."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

Check = Callable[[], object]


class NotReady(Exception):
    """Names what a service waits for."""


def all_of(**checks: Check) -> Check:
    """One check of several; each fails by raising or by returning False."""

    def check() -> None:
        failed = {name: reason for name, one in checks.items() if (reason := _failure(one))}
        if failed:
            raise NotReady("; ".join(f"{name}: {reason}" for name, reason in failed.items()))

    return check


def cached(check: Check, seconds: float = 1.5) -> Check:
    """Ask at most once in so many seconds, whoever probes."""
    lock = threading.Lock()
    state: dict[str, Any] = {"until": 0.0, "reason": ""}

    def ask() -> None:
        with lock:
            if time.monotonic() >= state["until"]:
                state["reason"] = _failure(check)
                state["until"] = time.monotonic() + seconds
            if state["reason"]:
                raise NotReady(state["reason"])

    return ask


def health_routes(live: Check, ready: Check) -> list[BaseRoute]:
    """`/health/live` asks only the loop, `/health/ready` the dependencies; and `/metrics`."""
    ready = cached(ready)

    async def answer_live(request: Request) -> Response:
        return _answer(_failure(live))

    async def answer_ready(request: Request) -> Response:
        return _answer(await run_in_threadpool(_failure, ready))

    async def answer_metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/health/live", answer_live),
        Route("/health/ready", answer_ready),
        Route("/metrics", answer_metrics),
    ]


def health_app(live: Check, ready: Check) -> Starlette:
    """All that a service without an API serves."""
    return Starlette(routes=health_routes(live, ready))


def _failure(check: Check) -> str:
    """Why the check fails, or nothing."""
    try:
        return "not so" if check() is False else ""
    except NotReady as reason:
        return str(reason)
    except Exception as error:
        return type(error).__name__


def _answer(reason: str) -> JSONResponse:
    body: Mapping[str, str] = {"status": "unavailable", "reason": reason} if reason else OK
    return JSONResponse(body, status_code=503 if reason else 200)


OK = {"status": "ok"}
