import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.emulator import admit_topics, aws_emulator

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
    with aws_emulator(inbox=inbox_server.url) as url:
        yield url


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


def create_queue_for(aws: Callable[[str], Any], topic: str, name: str, **settings: str) -> str:
    """Create a queue that admits a topic; return its URL."""
    arn = f"arn:aws:sqs:{REGION}:123456789012:{name}"
    attributes = {"Policy": admit_topics(arn, topic), **settings}
    created = aws("sqs").create_queue(QueueName=name, Attributes=attributes)
    return str(created["QueueUrl"])


@pytest.fixture
def dynamodb(aws: Callable[[str], Any]) -> Any:
    return aws("dynamodb")
