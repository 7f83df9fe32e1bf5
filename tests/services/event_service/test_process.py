"""The service as a process: from the queue to the table, the store and the topic."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from event_messages.event import Event
from event_service.notifications import PostgresNotifications
from event_service.settings import Settings

from tests.services.event_service.conftest import make_table
from tests.services.event_service.test_handlers import ID, created

pytestmark = pytest.mark.integration


def eventually(found: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "nothing came in time"
        time.sleep(0.05)
    return value


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def queues(aws) -> dict[str, str]:
    sqs, sns = aws("sqs"), aws("sns")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = {
        "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
        "maxReceiveCount": 5,
    }
    queue = sqs.create_queue(QueueName="events", Attributes={"RedrivePolicy": json.dumps(redrive)})[
        "QueueUrl"
    ]
    told = sqs.create_queue(QueueName="told")["QueueUrl"]
    topic = sns.create_topic(Name="events")["TopicArn"]
    told_arn = sqs.get_queue_attributes(QueueUrl=told, AttributeNames=["QueueArn"])
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=told_arn["Attributes"]["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    make_table(aws("dynamodb"))
    return {"queue": queue, "dead": dead, "told": told, "topic": topic}


@pytest.fixture
def service(queues, migration_settings, engine):
    port = free_port()
    password = migration_settings.database_password.get_secret_value()
    environment = {
        **os.environ,
        "DATABASE_HOST": migration_settings.database_host,
        "DATABASE_PORT": str(migration_settings.database_port),
        "DATABASE_NAME": migration_settings.database_name,
        "DATABASE_USER": migration_settings.database_user,
        "DATABASE_PASSWORD": password,
        "DATABASE_SSLMODE": "disable",
        "EVENT_QUEUE_URL": queues["queue"],
        "EVENT_DEAD_LETTERS_URL": queues["dead"],
        "EVENT_STORE_TABLE": "event-store",
        "EVENT_TOPIC_ARN": queues["topic"],
        "HTTP_PORT": str(port),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "event_service"], env=environment, stdout=subprocess.PIPE
    )
    yield process, f"http://127.0.0.1:{port}"
    process.kill()
    process.communicate()


def received(sqs, url):
    answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    return answer.get("Messages")


def test_an_event_is_stored_told_and_remembered_and_a_bad_one_refused(service, queues, aws, engine):
    process, url = service
    sqs = aws("sqs")
    sqs.send_message(QueueUrl=queues["queue"], MessageBody=created().to_json())
    unknown = Event.new("reminder:lost", "ada", {}, datetime.now(UTC)).to_json()
    sqs.send_message(QueueUrl=queues["queue"], MessageBody=unknown)
    stored = eventually(lambda: PostgresNotifications(engine).get(ID))
    assert stored.state == "pending"
    [message] = eventually(lambda: sqs.receive_message(QueueUrl=queues["told"]).get("Messages"))
    assert Event.from_json(message["Body"]).type == "notification:created"
    [dead] = eventually(lambda: received(sqs, queues["dead"]))
    assert dead["Body"] == unknown
    told = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert told.pop("failedAt").startswith("20")
    assert told == {
        "failureReason": "UnknownEvent: the event service has no action for reminder:lost",
        "failedBy": "event-service",
    }
    items = eventually(lambda: aws("dynamodb").scan(TableName="event-store")["Items"])
    assert [item["type"]["S"] for item in items] == ["reminder:created"]
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert httpx.get(url + path).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(25) == 0


def test_every_setting_that_must_be_given_is_known():
    required = {
        name.upper() for name, field in Settings.model_fields.items() if field.is_required()
    }
    assert required == {
        "DATABASE_HOST",
        "DATABASE_NAME",
        "DATABASE_USER",
        "DATABASE_PASSWORD",
        "EVENT_QUEUE_URL",
        "EVENT_DEAD_LETTERS_URL",
        "EVENT_STORE_TABLE",
        "EVENT_TOPIC_ARN",
    }
