"""The whole process: what is written over HTTP reaches the event topic."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.services.processes import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.integration

COMMAND = [sys.executable, "-m", "reminder_service"]
HEADERS = {
    "x-authenticated-userid": "user-1",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


@pytest.fixture
def queue(aws):
    """What a subscriber of the event topic gets."""
    topic = aws("sns").create_topic(Name="events")["TopicArn"]
    url = aws("sqs").create_queue(QueueName="events")["QueueUrl"]
    attributes = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    aws("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=attributes["Attributes"]["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    return topic, url


@pytest.fixture
def service(database, queue):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        **database.environment,
        "EVENT_TOPIC_ARN": queue[0],
        "EVENT_STORE_TABLE": "events",
        "HTTP_PORT": str(port),
        "METRICS_PORT": str(free_port()),
    }
    environment = {**os.environ, **settings}
    subprocess.run([*COMMAND, "migrate"], env=environment, check=True)
    process = subprocess.Popen(COMMAND, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS) as client:
            eventually(lambda: is_ready(client))
            yield client, process
    finally:
        process.kill()
        process.wait()


def is_ready(client):
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def test_write_reaches_topic_before_process_ends(service, queue, aws):
    client, process = service
    date = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    id = client.post("/reminders", json={"date": date, "message": "Tea"}).json()["id"]

    def receive():
        answer = aws("sqs").receive_message(
            QueueUrl=queue[1], MessageAttributeNames=["All"], WaitTimeSeconds=1
        )
        return answer.get("Messages")

    [message] = eventually(receive)
    event = json.loads(message["Body"])
    assert (event["type"], event["userId"], event["data"]["id"]) == (
        "reminder:created",
        "user-1",
        id,
    )
    trace = message["MessageAttributes"]["traceparent"]["StringValue"]
    assert trace.split("-")[1] == HEADERS["traceparent"].split("-")[1]
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


@pytest.mark.parametrize("arguments", [[], ["migrate"]])
def test_missing_settings_are_named(arguments):
    environment = {"PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "DATABASE_HOST" in ended.stderr


def test_an_unknown_command_is_refused():
    ended = subprocess.run([*COMMAND, "sevre"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "Expected `migrate` or no argument; got 'sevre'.\n"
