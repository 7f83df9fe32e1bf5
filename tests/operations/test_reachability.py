"""Who answers, asked of real sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from operations.reachability import SSL_REQUEST, answers_as_postgres, answers_over_http


@contextmanager
def listener(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Takes one connection, reads once and answers."""
    heard: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(1000))
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.mark.parametrize(("answer", "postgres"), [(b"S", True), (b"N", True), (b"HTTP", False)])
def test_only_postgresql_knows_its_greeting(answer, postgres):
    with listener(answer) as (port, heard):
        assert answers_as_postgres("127.0.0.1", port) is postgres
    assert heard == [SSL_REQUEST]


@pytest.mark.parametrize("status", [b"200 OK", b"404 Not Found", b"503 Busy"])
def test_any_http_answer_is_an_answer(status):
    with listener(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n") as (port, _):
        assert answers_over_http(f"http://127.0.0.1:{port}")


def test_where_nobody_listens_nobody_answers():
    port = free_port()
    assert not answers_as_postgres("127.0.0.1", port)
    assert not answers_over_http(f"http://127.0.0.1:{port}")
    assert not answers_over_http("no address")
