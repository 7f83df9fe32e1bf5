"""What an HTTP server does with requests that do not end, over a real connection."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any

import pytest
from service_runtime import bounded_http
from service_runtime.api import create_api
from service_runtime.bounded_http import LARGEST_HEAD
from service_runtime.process import HttpServer

START = b"POST /notes HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n"
released = threading.Event()
Connect = Callable[[], socket.socket]


@pytest.fixture
def connect() -> Iterator[Connect]:
    released.clear()
    app = create_api("Notes", live=lambda: True, ready=bool)

    @app.get("/slow")
    def wait() -> None:
        released.wait(20)

    @app.post("/notes")
    def create(note: dict[str, str]) -> dict[str, int]:
        return {"size": len(note)}

    server = HttpServer(app, 0, host="127.0.0.1")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield lambda: socket.create_connection(("127.0.0.1", server.port), timeout=20)
    released.set()
    server.stop()
    thread.join(60)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "PATIENCE", 1)


def read_response(connection: socket.socket) -> tuple[HTTPResponse, bytes]:
    """Read one response, whose head and body may come in packets of their own."""
    response = HTTPResponse(connection)
    response.begin()
    return response, response.read()


def answer(connection: socket.socket) -> tuple[int, Any]:
    """Status and code of what comes before the server closes."""
    received = b""
    with connection:
        while more := connection.recv(65_536):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["code"]


def test_a_head_has_a_limit(connect: Connect) -> None:
    connection = connect()
    connection.sendall(START + b"long: " + b"a" * LARGEST_HEAD)
    assert answer(connection) == (431, "HEAD_TOO_LARGE")


@pytest.mark.parametrize("begin", [b"2;extension=", b"0\r\ntrailer: "])
def test_framing_of_body_has_its_limit(connect: Connect, begin: bytes) -> None:
    connection = connect()
    connection.sendall(START + b"expect: 100-continue\r\ntransfer-encoding: chunked\r\n\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
    connection.sendall(begin + b"a" * LARGEST_HEAD)
    assert answer(connection) == (431, "HEAD_TOO_LARGE")


@pytest.mark.parametrize(
    "begin",
    [b"POST", START, START + b"content-length: 9\r\n\r\n{", CHUNKED + b"1\r\n{\r\n"],
)
@pytest.mark.usefixtures("hasty")
def test_slow_incomplete_request_is_refused(connect: Connect, begin: bytes) -> None:
    connection = connect()
    connection.sendall(begin)
    assert answer(connection) == (408, "REQUEST_TIMEOUT")


@pytest.mark.usefixtures("hasty")
def test_refused_body_is_cut_off(connect: Connect) -> None:
    connection = connect()
    connection.sendall(START + b"content-length: 9999999\r\n\r\n")
    with connection:
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.count(b"HTTP/1.1") == 1


def test_invalid_http_is_a_problem(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"hello\r\n\r\n")
    assert answer(connection) == (400, "MALFORMED_REQUEST")


def test_complete_requests_reuse_the_connection(connect: Connect) -> None:
    body = b'{"a": "%s"}' % (b"b" * 16_000)  # in chunks of a byte each
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    with connect() as connection:
        for _ in range(3):
            connection.sendall(CHUNKED + chunks)
            assert read_response(connection)[0].status == 200


OFFER = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
LENGTH, BODY = b"content-length: 9\r\n\r\n", b'{"a":"b"}'


@pytest.mark.parametrize(
    "parts",
    [
        [START + OFFER + LENGTH + BODY],
        [START + OFFER + LENGTH, BODY],
        [START + OFFER[:20], OFFER[20:] + LENGTH + BODY[:4], BODY[4:]],
        [CHUNKED[:-2] + OFFER + b"\r\n9\r\n" + BODY + b"\r\n0\r\n\r\n"],
        [START + OFFER.replace(b"h2c", b"websocket") + LENGTH + BODY],
    ],
)
def test_offer_to_upgrade_is_ignored(connect: Connect, parts: list[bytes]) -> None:
    with connect() as connection:
        for _ in range(2):
            for part in parts:
                connection.sendall(part)
                time.sleep(0.05)
            response, body = read_response(connection)
            assert (response.status, body) == (200, b'{"size":1}')


def test_old_clients_are_served(connect: Connect) -> None:
    with connect() as connection:
        connection.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 200 ")


def test_encoded_body_is_refused(connect: Connect) -> None:
    with connect() as connection:
        connection.sendall(START + b"content-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b")
        response, body = read_response(connection)
    assert (response.status, response.headers["accept-encoding"]) == (415, "identity")
    assert json.loads(body)["code"] == "UNSUPPORTED_ENCODING"


@pytest.mark.parametrize("start", [b"", START, START + b"content-length: 9\r\n\r\n{"])
def test_silent_connections_give_way(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(bounded_http, "MOST_CONNECTIONS", 3)
    silent = []
    for _ in range(3):
        silent.append(connect())
        silent[-1].sendall(start)
        time.sleep(0.1)
    with connect() as served:
        served.sendall(b"GET /health/live HTTP/1.1\r\nhost: here\r\n\r\n")
        assert served.recv(65_536).startswith(b"HTTP/1.1 200 ")
    assert answer(silent[0]) == (503, "TOO_MANY_CONNECTIONS")
    for connection in silent[1:]:
        connection.close()


def test_requests_in_progress_keep_their_place(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_http, "MOST_CONNECTIONS", 3)
    busy = [connect() for _ in range(3)]
    for connection in busy:
        connection.sendall(b"GET /slow HTTP/1.1\r\nhost: here\r\n\r\n")
    time.sleep(0.2)
    assert answer(connect()) == (503, "TOO_MANY_CONNECTIONS")
    released.set()
    for connection in busy:
        with connection:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
