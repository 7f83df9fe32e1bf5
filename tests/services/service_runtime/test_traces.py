import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_runtime.traced_requests import TraceMiddleware
from service_runtime.traces import (
    Trace,
    continue_trace,
    current_trace,
    current_traceparent,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        (TRACEPARENT, Trace(TRACE, SPAN)),
        (f"00-{TRACE}-{SPAN}-00", Trace(TRACE, SPAN, sampled=False)),
        (f"01-{TRACE}-{SPAN}-01-later", Trace(TRACE, SPAN)),
        (f"00-{TRACE}-{SPAN}-01-later", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (TRACEPARENT.upper(), None),
        (TRACEPARENT + "\n", None),
        ("", None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_as_the_specification_says(
    text: str | None, trace: Trace | None
) -> None:
    assert Trace.parse(text) == trace


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    assert Trace.parse(text) is None


def test_a_hop_is_a_child_in_the_same_trace_and_ends_with_the_block() -> None:
    assert current_traceparent() is None
    with continue_trace(TRACEPARENT) as trace:
        assert current_trace() == trace
        assert current_traceparent() == str(trace)
        assert trace.trace_id == TRACE
        assert trace.span_id != SPAN
    assert current_traceparent() is None


def test_without_a_valid_parent_a_new_trace_begins() -> None:
    with continue_trace(None) as first, continue_trace("nonsense") as second:
        assert first.trace_id != second.trace_id
        for trace in (first, second):
            assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", str(trace))
            assert Trace.parse(str(trace)) == trace


def test_threads_have_traces_of_their_own() -> None:
    with continue_trace(TRACEPARENT), ThreadPoolExecutor(1) as pool:
        assert pool.submit(current_traceparent).result() is None


def test_a_request_continues_the_callers_trace_and_the_answer_names_it() -> None:
    inside: list[Trace | None] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        inside.append(current_trace())
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/notes",
        "headers": [(b"traceparent", TRACEPARENT.encode())],
    }
    asyncio.run(TraceMiddleware(app)(scope, None, send))  # type: ignore[arg-type]
    assert inside[0] is not None
    assert inside[0].trace_id == TRACE
    assert sent[0]["headers"] == [(b"traceparent", str(inside[0]).encode())]
