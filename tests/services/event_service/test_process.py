"""The service as a process: from the queue to the table, the store and the topic."""

import json
import signal
from datetime import UTC, datetime

import httpx
import pytest
from event_messages.event import Event
from event_service.notifications import PostgresNotifications
from event_service.settings import Settings

from tests.services.event_service.conftest import TABLE
from tests.services.event_service.test_handlers import ID, created
from tests.services.event_table import make_event_table
from tests.services.processes import database_variables, processes, status
from tests.waiting import eventually

pytestmark = pytest.mark.integration


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
    make_event_table(aws("dynamodb"), TABLE)
    return {"queue": queue, "dead": dead, "told": told, "topic": topic}


@pytest.fixture
def start(queues, migration_settings, engine):
    environment = {
        **database_variables(migration_settings),
        "EVENT_QUEUE_URL": queues["queue"],
        "EVENT_DEAD_LETTERS_URL": queues["dead"],
        "EVENT_STORE_TABLE": "event-store",
        "EVENT_TOPIC_ARN": queues["topic"],
    }
    with processes("event_service", environment) as start:
        yield start


def received(sqs, url):
    answer = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    return answer.get("Messages")


def test_good_events_are_stored_bad_refused(start, queues, aws, engine):
    process, url = start()
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
    for path in ("/health/live", "/health/ready"):
        assert httpx.get(url + path).status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_missing_event_store_stops_receiving_only(start, queues, aws):
    aws("dynamodb").delete_table(TableName="event-store")
    _, url = start()
    eventually(lambda: status(url + "/health/live") == 200)
    aws("sqs").send_message(QueueUrl=queues["queue"], MessageBody=created().to_json())
    answer = eventually(lambda: "queue" in (said := httpx.get(url + "/health/ready")).text and said)
    assert (answer.status_code, "event_store: ResourceNotFoundException" in answer.text) == (
        503,
        True,
    )
    assert "database" not in answer.text
    assert status(url + "/health/live") == 200
    make_event_table(aws("dynamodb"), TABLE)
    assert eventually(lambda: aws("dynamodb").scan(TableName="event-store")["Items"])
    eventually(lambda: status(url + "/health/ready") == 200)


def test_every_required_setting_is_known():
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
