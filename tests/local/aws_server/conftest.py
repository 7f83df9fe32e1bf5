import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config

REGION = "eu-central-1"


class RecordingInbox(ThreadingHTTPServer):
    """Takes e-mails as the inbox does, or refuses all while `closed`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RecordingHandler)
        self.emails: list[dict[str, Any]] = []
        self.closed = False
        self.url = f"http://127.0.0.1:{self.server_port}"


class RecordingHandler(BaseHTTPRequestHandler):
    server: RecordingInbox

    def do_POST(self) -> None:
        email = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.server.closed:
            self.server.emails.append({"path": self.path, **email})
        self.send_response(503 if self.server.closed else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def inbox_server() -> Iterator[RecordingInbox]:
    with RecordingInbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="session")
def endpoint(inbox_server: RecordingInbox) -> Iterator[str]:
    """The emulator as the local environment starts it, on two addresses."""
    ports = free_ports(2)
    listen = [part for port in ports for part in ("--listen", f"127.0.0.1:{port}")]
    command = [sys.executable, "-m", "local.aws_server", *listen, "--inbox", inbox_server.url]
    with subprocess.Popen(command) as process:
        try:
            wait_for_ports(ports)
            yield f"http://127.0.0.1:{ports[1]}"
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.fixture
def inbox(inbox_server: RecordingInbox, aws: Callable[[str], Any]) -> RecordingInbox:
    """An empty inbox, and an emulator that sends there and knows nothing yet."""
    inbox_server.emails.clear()
    inbox_server.closed = False
    return inbox_server


@pytest.fixture
def aws(endpoint: str) -> Iterator[Callable[[str], Any]]:
    urllib.request.urlopen(
        urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=10
    ).close()
    clients: list[Any] = []

    def client(service: str) -> Any:
        clients.append(
            boto3.client(
                service,
                endpoint_url=endpoint,
                region_name=REGION,
                aws_access_key_id="local",
                aws_secret_access_key="local",
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=40),
            )
        )
        return clients[-1]

    yield client
    for made in clients:
        made.close()


def free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_for_ports(ports: list[int]) -> None:
    deadline = time.monotonic() + 60
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, f"nothing listens on port {port}"
                time.sleep(0.05)
