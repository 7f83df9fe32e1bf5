"""Stages are stopped for real; each alert reaches the alarm topic, and so does its end."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.alarm_topic import Operator, operator_of

pytestmark = [pytest.mark.disruptive, pytest.mark.timeout(900)]
REPORTED = 120  # seconds from the stop of a stage to the report
OVER = 240  # seconds until every alert is over, with the start of pods on a busy machine
STOPPED_STAGES = {
    ("SchedulerStopped", ""),
    ("CanarySilent", ""),
    ("RelayStopped", "reminder-service"),
    ("DeadLetters", "event-service"),
}
STOPPED_CONSUMERS = {
    ("ServiceSilent", "event-service"),
    ("ServiceSilent", "notification-service"),
}


@pytest.fixture
def operator(platform) -> Iterator[Operator]:
    def client(service: str) -> Any:
        return boto3.client(
            service, endpoint_url=platform.shell["AWS_ENDPOINT_URL"],
            region_name=platform.shell["AWS_REGION"],
            aws_access_key_id="local", aws_secret_access_key="local",
        )  # fmt: skip

    prometheus = platform.shell["PROMETHEUS_URL"]
    with operator_of(platform.outputs()["alarm_topic_arn"], prometheus, client) as operator:
        yield operator


@contextmanager
def stopped(platform: Any, *services: str) -> Iterator[None]:
    deployments = [f"deployment/local-{service}" for service in services]
    platform.kubectl("scale", *deployments, "--replicas=0")
    try:
        yield
    finally:
        platform.kubectl("scale", *deployments, "--replicas=1")


@contextmanager
def stuck_event(platform: Any) -> Iterator[None]:
    """Keep an event in the outbox of reminder-service that the relay leaves alone."""
    url = make_url(platform.shell["DATABASE_ADMIN_URL"]).set(
        drivername="postgresql+psycopg", database="reminders"
    )
    event, engine = str(uuid.uuid4()), create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into outbox (event_id, body, created_at, retry_at)"
                " values (:event, '{}', now() - interval '1 minute', now() + interval '1 hour')"
            ),
            {"event": event},
        )
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text("delete from outbox where event_id = :event"), {"event": event})
        engine.dispose()


@contextmanager
def dead_letter(platform: Any, operator: Operator) -> Iterator[None]:
    """Send a message that event-service refuses."""
    queue = platform.outputs()["queues"]["event"]
    operator.sqs.send_message(QueueUrl=queue["url"], MessageBody="no event")
    try:
        yield
    finally:
        operator.sqs.purge_queue(QueueUrl=queue["dead_letters_url"])


def test_stopped_stages_are_reported_and_cleared(platform, operator):
    # Tests before this one have stopped stages, too.
    operator.await_silence(set(), OVER)
    scheduler = stopped(platform, "notification-scheduler")
    with stuck_event(platform), dead_letter(platform, operator), scheduler:
        stages = operator.await_alerts(STOPPED_STAGES, REPORTED + 30)
        assert stages < REPORTED
        with stopped(platform, "event-service", "notification-service"):
            consumers = operator.await_alerts(STOPPED_CONSUMERS, REPORTED + 30)
            assert consumers < REPORTED
    names = {name for name, _ in STOPPED_STAGES | STOPPED_CONSUMERS}
    over = operator.await_silence(names, OVER)
    print(f"stages {stages:.0f} s, consumers {consumers:.0f} s, over after {over:.0f} s")
