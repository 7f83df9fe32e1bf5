"""Stages are stopped for real; each alert reaches the alarm topic, and so does its end."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from sqlalchemy import create_engine, make_url, text

from tests.alarm_topic import Operator, operator_of

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


@contextmanager
def listening(platform: Any) -> Iterator[Operator]:
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
        for each in deployments:
            platform.kubectl("rollout", "status", each, "--timeout=300s")


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


def stop_services(platform):
    """Stop stages, then consumers, each until its alerts were heard; the operator listens on."""
    with ExitStack() as stack:
        operator = stack.enter_context(listening(platform))
        operator.await_silence(set(), OVER)
        scheduler = stopped(platform, "notification-scheduler")
        with stuck_event(platform), dead_letter(platform, operator), scheduler:
            stages = operator.await_alerts(STOPPED_STAGES, REPORTED + 30)
            with stopped(platform, "event-service", "notification-service"):
                consumers = operator.await_alerts(STOPPED_CONSUMERS, REPORTED + 30)
        return SimpleNamespace(
            stages=stages, consumers=consumers, operator=operator, listening=stack.pop_all()
        )


def test_stopped_services_are_reported(outage):
    print(f"stages {outage.stages:.0f} s, consumers {outage.consumers:.0f} s")
    assert outage.stages < REPORTED
    assert outage.consumers < REPORTED


@pytest.mark.disruptive
def test_alerts_end(outage):
    names = {name for name, _ in STOPPED_STAGES | STOPPED_CONSUMERS}
    with outage.listening:
        outage.operator.await_silence(names, OVER)
