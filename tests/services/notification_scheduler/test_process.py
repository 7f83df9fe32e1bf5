"""The scheduler as a process: probes, and SIGTERM in the middle of its work."""

import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.services.notification_scheduler.examples import ago, notification
from tests.services.processes import (
    Start,
    database_variables,
    free_port,
    processes,
    status,
)
from tests.waiting import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def start(aws, settings) -> Iterator[Start]:
    topic = aws("sns").create_topic(Name="notifications")["TopicArn"]
    environment = database_variables(settings) | {"NOTIFICATION_TOPIC_ARN": topic}
    with processes("notification_scheduler", environment) as start:
        yield start


def test_process_publishes_and_ends_on_sigterm(start, postgres):
    one = notification(ago(1))
    postgres.put(one)
    port = free_port()
    process, url = start(METRICS_PORT=str(port))
    eventually(lambda: postgres.state(one.id)[0] == "ended")
    eventually(lambda: status(url + "/health/ready") == 200)
    assert status(url + "/metrics") == 404
    metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert "notifications_published_total 1.0" in metrics
    assert 'notification_lateness_seconds_bucket{le="+Inf"} 1.0' in metrics
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_process_without_database_is_not_ready(start):
    process, url = start(DATABASE_PORT=str(free_port()))
    eventually(lambda: status(url + "/health/live") == 200)
    assert status(url + "/health/ready") == 503
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_missing_setting_is_named(start):
    process, _ = start(NOTIFICATION_TOPIC_ARN="")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.decode() == "These environment variables are missing: NOTIFICATION_TOPIC_ARN.\n"
