"""Stages are stopped for real; each alert reaches the alarm topic, and so does its end."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
import pytest
from sqlalchemy import create_engine, make_url, text

pytestmark = [pytest.mark.system, pytest.mark.disruptive, pytest.mark.timeout(900)]
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
Alert = tuple[str, str]  # name and service


@dataclass
class Operator:
    """Hears the alarm topic, as an operator's e-mail would."""

    platform: Any
    sqs: Any
    queue: str
    heard: dict[str, set[str]] = field(default_factory=lambda: {"FIRING": set(), "RESOLVED": set()})

    def alerts(self) -> set[Alert]:
        """Return the alerts that fire in Prometheus now."""
        answer = httpx.get(f"{self.platform.shell['PROMETHEUS_URL']}/api/v1/alerts")
        return {
            (alert["labels"]["alertname"], alert["labels"].get("service", ""))
            for alert in answer.json()["data"]["alerts"]
            if alert["state"] == "firing"
        }

    def listen(self) -> None:
        received = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        for message in received.get("Messages", ()):
            status, _, name = json.loads(message["Body"])["Subject"].partition(": ")
            self.heard[status].add(name)
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])

    def await_alerts(self, wanted: set[Alert]) -> float:
        """Return the seconds until all fire and were heard."""
        names = {name for name, _ in wanted}
        return self._await(
            lambda: wanted <= self.alerts() and names <= self.heard["FIRING"], REPORTED + 30
        )

    def await_silence(self, names: set[str]) -> float:
        return self._await(lambda: not self.alerts() and names <= self.heard["RESOLVED"], OVER)

    def _await(self, condition: Callable[[], bool], timeout: float) -> float:
        began = time.monotonic()
        while not condition():
            waited = time.monotonic() - began
            assert waited < timeout, f"firing: {self.alerts()}, heard: {self.heard}"
            time.sleep(1)
            self.listen()
        return time.monotonic() - began


@pytest.fixture
def operator(platform) -> Iterator[Operator]:
    endpoint = platform.shell["AWS_ENDPOINT_URL"]
    clients = [
        boto3.client(
            name, endpoint_url=endpoint, region_name=platform.shell["AWS_REGION"],
            aws_access_key_id="local", aws_secret_access_key="local",
        )
        for name in ("sqs", "sns")
    ]  # fmt: skip
    sqs, sns = clients
    url = sqs.create_queue(QueueName=f"operator-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    topic = platform.outputs()["alarm_topic_arn"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    yield Operator(platform, sqs, url)
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=url)
    for client in clients:
        client.close()


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
def dead_letter(operator: Operator) -> Iterator[None]:
    """Send a message that event-service refuses."""
    queue = operator.platform.outputs()["queues"]["event"]
    operator.sqs.send_message(QueueUrl=queue["url"], MessageBody="no event")
    try:
        yield
    finally:
        operator.sqs.purge_queue(QueueUrl=queue["dead_letters_url"])


def test_stopped_stages_are_reported_and_cleared(platform, operator):
    operator._await(lambda: not operator.alerts(), OVER)  # of what tests before have stopped
    with stuck_event(platform), dead_letter(operator), stopped(platform, "notification-scheduler"):
        stages = operator.await_alerts(STOPPED_STAGES)
        assert stages < REPORTED
        with stopped(platform, "event-service", "notification-service"):
            consumers = operator.await_alerts(STOPPED_CONSUMERS)
            assert consumers < REPORTED
    names = {name for name, _ in STOPPED_STAGES | STOPPED_CONSUMERS}
    over = operator.await_silence(names)
    print(f"stages {stages:.0f} s, consumers {consumers:.0f} s, over after {over:.0f} s")
