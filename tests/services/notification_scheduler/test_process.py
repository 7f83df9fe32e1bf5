"""The scheduler as a process: probes, and SIGTERM in the middle of its work."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.services.notification_scheduler.examples import ago, notification

pytestmark = pytest.mark.integration


def eventually(found: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return value


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def start(aws, settings) -> Iterator[Callable[..., tuple[Any, str]]]:
    topic = aws("sns").create_topic(Name="notifications")["TopicArn"]
    processes = []

    def run(**changes: str) -> tuple[Any, str]:
        port = free_port()
        environment = {name.upper(): str(value) for name, value in settings}
        environment |= {
            "DATABASE_PASSWORD": settings.database_password.get_secret_value(),
            "NOTIFICATION_TOPIC_ARN": topic,
            "HTTP_PORT": str(port),
            **changes,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "notification_scheduler"],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return process, f"http://127.0.0.1:{port}"

    yield run
    for process in processes:
        process.kill()
        process.communicate()


def status(url: str) -> int:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0


def test_it_publishes_answers_its_probes_and_ends_when_told(start, postgres):
    one = notification(ago(1))
    postgres.put(one)
    process, url = start()
    eventually(lambda: postgres.state(one.id)[0] == "ended")
    eventually(lambda: status(url + "/health/ready") == 200)
    metrics = httpx.get(url + "/metrics").text
    assert "notifications_published_total 1.0" in metrics
    assert "notifications_overdue 0.0" in metrics
    assert 'notification_lateness_seconds_bucket{le="+Inf"} 1.0' in metrics
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


def test_without_its_database_it_lives_and_is_not_ready(start):
    process, url = start(DATABASE_PORT=str(free_port()))
    eventually(lambda: status(url + "/health/live") == 200)
    assert status(url + "/health/ready") == 503
    process.send_signal(signal.SIGTERM)
    assert process.wait(25) == 0


def test_a_missing_setting_is_named(start):
    process, _ = start(NOTIFICATION_TOPIC_ARN="")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 2
    assert errors.decode() == "These environment variables are missing: NOTIFICATION_TOPIC_ARN.\n"
