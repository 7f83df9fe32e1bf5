import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import get_current_span
from service_runtime.requests import RequestMiddleware
from service_runtime.traces import (
    continue_trace,
    current_traceparent,
    read_traceparent,
    traceparent_of,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


def read(text: str | None) -> str | None:
    """Return the trace of a text, written again."""
    span = get_current_span(read_traceparent(text))
    return traceparent_of(span) if span.get_span_context().is_valid else None


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        (TRACEPARENT, TRACEPARENT),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"01-{TRACE}-{SPAN}-01-later", TRACEPARENT),
        (f"00-{TRACE}-{SPAN}-01-later", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (TRACEPARENT.upper(), None),
        (TRACEPARENT + "\n", TRACEPARENT),
        ("", None),
        (None, None),
    ],
)
def test_traceparent_follows_the_specification(text: str | None, trace: str | None) -> None:
    assert read(text) == trace


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert read(text) is None


def test_hop_is_child_of_its_trace() -> None:
    assert current_traceparent() is None
    with continue_trace(TRACEPARENT) as span:
        trace = span.get_span_context()
        assert get_current_span().get_span_context() == trace
        assert current_traceparent() == traceparent_of(span)
        assert f"{trace.trace_id:032x}" == TRACE
        assert f"{trace.span_id:016x}" != SPAN
    assert current_traceparent() is None


def test_missing_parent_starts_a_trace() -> None:
    with continue_trace(None) as first, continue_trace("nonsense") as second:
        assert first.get_span_context().trace_id != second.get_span_context().trace_id
        for span in (first, second):
            assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", traceparent_of(span))


def test_threads_have_traces_of_their_own() -> None:
    with continue_trace(TRACEPARENT), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_traceparent).result() is None


def test_request_continues_trace_of_caller() -> None:
    inside: list[str | None] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        inside.append(current_traceparent())
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/notes",
        "headers": [(b"traceparent", TRACEPARENT.encode())],
    }
    asyncio.run(RequestMiddleware(app)(scope, None, send))  # type: ignore[arg-type]
    assert inside[0] is not None
    assert inside[0].startswith(f"00-{TRACE}-")
    assert (b"traceparent", inside[0].encode()) in sent[0]["headers"]
