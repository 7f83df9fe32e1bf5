"""The inbox as the local environment starts it."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.integration

EMAIL = {"messageId": "1", "from": "a@example.com", "to": ["b@example.com"], "subject": "Tea"}


@pytest.fixture
def ports() -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@pytest.fixture
def process(ports) -> Iterator[subprocess.Popen[str]]:
    listen = [part for port in ports for part in ("--listen", f"127.0.0.1:{port}")]
    command = [sys.executable, "-m", "local.inbox", *listen]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_until_healthy(ports[0])
        yield process
        process.kill()


def wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "the inbox does not answer"
            time.sleep(0.1)


def post(port: int, content: dict[str, object]) -> None:
    url, headers = f"http://127.0.0.1:{port}/api/emails", {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(content).encode(), headers)
    urllib.request.urlopen(request, timeout=60).close()


def test_arrivals_are_streamed_until_sigterm(ports, process):
    with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/api/stream", timeout=60) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert [stream.readline() for _ in range(3)] == [b"event: ready\n", b"data: {}\n", b"\n"]
        post(ports[1], EMAIL)
        assert stream.readline() == b"event: message\n"
        assert json.loads(stream.readline().removeprefix(b"data: "))["title"] == "Tea"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) in (0, -signal.SIGTERM)
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_occupied_address_is_one_sentence(ports, process):
    command = [sys.executable, "-m", "local.inbox", "--listen", f"127.0.0.1:{ports[0]}"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    problem = f"inbox: cannot listen on 127.0.0.1:{ports[0]}: Address already in use.\n"
    assert (second.returncode, second.stdout, second.stderr) == (1, "", problem)
