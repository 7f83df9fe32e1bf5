"""An API made by `create_api`: problems, limits, health, metrics."""

import asyncio
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import generate_latest
from pydantic import BaseModel
from service_runtime.api import create_api
from service_runtime.bodies import Line
from service_runtime.identity import USER_ID
from service_runtime.probes import Check
from service_runtime.problems import Problem
from service_runtime.requests import LARGE_BODIES, LargeBodies, _is_too_deep
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

PROBLEM = "application/problem+json"
JSON = {"content-type": "application/json"}
KNOWN = {USER_ID: "user-1"}


class Note(BaseModel):
    title: Line
    text: Line = ""
    size: int = 0


away = create_engine("postgresql+psycopg://reader:secret@127.0.0.1:1/notes")


def api(live: Check = lambda: True, ready: Check = lambda: True) -> FastAPI:
    app = create_api("Notes", live=live, ready=ready, body_limits={"/bulk": 20_000})

    @app.post("/notes")
    @app.post("/bulk")
    def create(note: Note) -> dict[str, int]:
        return {"length": len(note.title)}

    @app.get("/notes/{name}")
    def read(name: str) -> None:
        if name == "late":
            raise Problem(422, "INVALID_DUEDATE", "It is too late.")
        if name == "database":
            raise OperationalError("select secret", {"text": "secret"}, Exception("down"))
        if name == "away":
            away.connect()
        raise ZeroDivisionError("secret detail")

    return app


@pytest.fixture
def client(serve: Callable[[FastAPI], httpx.Client]) -> httpx.Client:
    return serve(api())


def problem(response: Any) -> dict[str, Any]:
    assert response.headers["content-type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    return body


@pytest.mark.parametrize("path", ["/notes/", "/docs/", "/openapi.json/"])
def test_host_header_causes_no_request(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers={"host": "elsewhere.example"})
    assert (answer.status_code, problem(answer)["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("came_by", "expected"),
    [({}, None), ({"x-forwarded-proto": "https"}, "max-age=31536000")],
)
def test_browsers_keep_tls_and_types(
    client: httpx.Client, came_by: dict[str, str], expected: str | None
) -> None:
    headers = client.get("/notes/late", headers=came_by).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers.get("strict-transport-security") == expected


def test_problem_has_its_code(client: httpx.Client) -> None:
    assert problem(client.get("/notes/late")) == {
        "type": "about:blank",
        "title": HTTPStatus(422).phrase,
        "status": 422,
        "code": "INVALID_DUEDATE",
        "detail": "It is too late.",
    }


def test_validation_lists_fields_without_values(client: httpx.Client) -> None:
    answer = client.post("/notes", json={"size": "secret"})
    body = problem(answer)
    assert (body["status"], body["code"]) == (422, "VALIDATION")
    assert [(one["field"], one["code"]) for one in body["errors"]] == [
        ("body.title", "missing"),
        ("body.size", "int_parsing"),
    ]
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [("/notes/late/never", "NOT_FOUND", 404), ("/notes", "METHOD_NOT_ALLOWED", 405)],
)
def test_framework_errors_are_problems_too(
    client: httpx.Client, path: str, code: str, status: int
) -> None:
    body = problem(client.get(path))
    assert (body["code"], body["status"]) == (code, status)


@pytest.mark.parametrize(
    ("name", "reason"), [("database", "Exception in an unknown place"), ("away", "port 1 failed")]
)
def test_database_outage_is_retryable_and_logged(
    client: httpx.Client, caplog: pytest.LogCaptureFixture, name: str, reason: str
) -> None:
    answer = client.get(f"/notes/{name}")
    assert problem(answer)["code"] == "UNAVAILABLE"
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "secret" not in answer.text
    [line] = [one for one in caplog.records if one.name == "service_runtime.problems"]
    told = vars(line)
    assert (line.levelname, line.getMessage()) == ("WARNING", "the database does not answer")
    assert told["path"] == f"/notes/{name}"
    assert told["reason"].startswith("OperationalError: ")
    assert reason in told["reason"]
    assert "secret" not in told["reason"]


def test_unexpected_error_is_logged_only(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/notes/any")
    assert problem(answer)["code"] == "INTERNAL_ERROR"
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "request failed" in caplog.text
    assert answer.headers["traceparent"].startswith("00-")


def padded(size: int) -> bytes:
    frame = b'{"title": "a", "text": ""}'
    return frame[:-2] + b"x" * (size - len(frame)) + frame[-2:]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("path", "limit"), [("/notes", 16 * 1024), ("/bulk", 20_000)])
def test_body_may_only_reach_its_limit(
    client: httpx.Client, path: str, limit: int, chunked: bool
) -> None:
    def post(size: int) -> Any:
        body = padded(size)
        content = (body[at : at + 5000] for at in range(0, size, 5000)) if chunked else body
        return client.post(path, content=content, headers=JSON | KNOWN)

    assert post(limit).status_code == 200
    assert problem(post(limit + 1))["code"] == "BODY_TOO_LARGE"


@pytest.mark.parametrize(
    "body",
    [
        b'{"title": "\xff"}',
        b"[" * 33,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"[" * 16_000,
        b"[" * 40 + b"]" * 40,
        b'["",' * 33 + b"[[[]]]" + b"]" * 33,
        b'{"title": ',
        b"\x00",
    ],
)
def test_a_malformed_body_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post("/notes", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, problem(answer)["code"]) == (400, "MALFORMED_BODY")


def test_a_body_has_one_type(client: httpx.Client) -> None:
    types = [("content-type", "application/json"), ("content-type", "text/plain")]
    answer = client.post("/notes", content=b'{"title": "a"}', headers=types)
    assert (answer.status_code, problem(answer)["code"]) == (422, "INVALID_HEADER")
    assert answer.json()["detail"] == "Expected the header Content-Type once; got it 2 times."


def test_a_text_has_no_depth(client: httpx.Client) -> None:
    text = {"content-type": "text/calendar; charset=utf-8"}
    answer = client.post("/notes", content=b"[" * 33, headers=text)
    assert (answer.status_code, problem(answer)["code"]) != (400, "MALFORMED_BODY")


def test_brackets_in_text_are_not_depth(client: httpx.Client) -> None:
    body = json.dumps({"title": "[" * 100 + '\\"' + "{" * 100}).encode()
    answer = client.post("/notes", content=body, headers={"content-type": "application/json"})
    assert answer.json() == {"length": 202}


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\n", "\r", "\t", "\u2028"])
def test_control_characters_in_line_are_refused(client: httpx.Client, character: str) -> None:
    body = problem(client.post("/notes", json={"title": f"a{character}b"}))
    assert body["errors"][0]["field"] == "body.title"
    assert "control characters" in body["detail"]


def test_half_a_character_is_refused(client: httpx.Client) -> None:
    body = b'{"title": "\\ud800"}'
    answer = client.post("/notes", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_the_page_needs_no_other_host(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "http" not in page
    assets = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(assets) == 6
    assert {asset: client.get(f"/{asset}").status_code for asset in assets} == dict.fromkeys(
        assets, 200
    )


def test_the_page_documents_problems(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    responses = schema["paths"]["/notes"]["post"]["responses"]
    reference = {"schema": {"$ref": "#/components/schemas/ProblemBody"}}
    assert {
        status: answer["content"] for status, answer in responses.items() if status != "200"
    } == {status: {PROBLEM: reference} for status in ("400", "413", "415", "422", "500", "503")}
    assert {"ProblemBody", "FieldProblem", "Note"} == schema["components"]["schemas"].keys()


def test_requests_are_counted_by_route(client: httpx.Client) -> None:
    client.get("/notes/late")
    client.get("/nowhere")
    metrics = generate_latest().decode()
    assert 'http_requests_total{method="GET",route="/notes/{name}",status="422"}' in metrics
    assert 'http_requests_total{method="GET",route="unmatched",status="404"}' in metrics
    assert "/nowhere" not in metrics


class Unread:
    """A large body that notes how much of it was asked for."""

    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(10):
            self.sent += 1000
            yield b" " * 1000


def asgi_post(app: FastAPI, body: Unread, length: int | None, **headers: str) -> int:
    """Return the status of a request whose body is read as the application asks for it."""
    statuses: list[int] = []
    parts = iter(body)

    async def receive() -> Any:
        part = next(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    sized = {"content-length": str(length)} if length else {}
    named = {**JSON, **sized, **headers}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/bulk",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    asyncio.run(app(scope, receive, send))
    return statuses[0]


def test_unknown_callers_large_body_stays_unread() -> None:
    body = Unread()
    assert asgi_post(api(), body, 18_000) == 401
    assert body.sent == 0


def test_chunks_of_unknown_caller_have_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service_runtime.requests.LARGEST_BODY", 3000)
    body = Unread()
    assert asgi_post(api(), body, None) == 401
    assert body.sent == 4000


def test_unknown_callers_small_body_is_served(client: httpx.Client) -> None:
    assert client.post("/notes", json={"title": "a"}).status_code == 200


def test_large_bodies_have_share_per_caller() -> None:
    bodies = LargeBodies()
    with ExitStack() as held:
        for user in [f"user-{number}" for number in range(LARGE_BODIES // 2)]:
            held.enter_context(bodies.hold(user))
            held.enter_context(bodies.hold(user))
        with pytest.raises(Problem) as own, bodies.hold("user-1"):
            pass
        with pytest.raises(Problem) as all_taken, bodies.hold("another"):
            pass
    assert (own.value.status, all_taken.value.status) == (429, 503)
    with bodies.hold("user-1"):
        pass


def test_long_string_costs_little_memory() -> None:
    tracemalloc.start()
    assert not _is_too_deep(b'{"title": "' + b"x" * 1_048_000 + b'"}')
    assert not _is_too_deep(b'"' + b"\\\\" * 500_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize("path", ["/notes/late", "/health/live", "/docs", "/nowhere"])
def test_head_answers_as_get(client: httpx.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
