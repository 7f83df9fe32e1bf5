"""Sends one notification through the whole platform and waits for it in the inbox."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3
from event_messages.event import Event

from local.environment import Environment
from local.supervisor import SupervisorError

READY_TIMEOUT = 60  # seconds for the services to answer through their node ports
ARRIVAL_TIMEOUT = 30  # seconds for the notification to reach the inbox


def wait_for_services(urls: dict[str, str]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT
    for name in ("REMINDERS_URL", "DEVICES_URL"):
        while not is_ready(urls[name]):
            if time.monotonic() > deadline:
                raise SupervisorError(
                    f"{urls[name]} does not answer after {READY_TIMEOUT} s;"
                    " see `kubectl get pods -n local`"
                )
            time.sleep(0.2)


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=2):
            return True
    except OSError:
        return False


def notification(recipient: str, due: datetime) -> Event:
    identity = str(uuid.uuid4())
    return Event.new(
        "notification:create",
        "welcome",
        {
            "id": identity,
            "version": 1,
            "userId": "welcome",
            "email": recipient,
            "deliverAt": due.isoformat(),
            "occurrence": due.isoformat(),
            "channel": "email",
            "message": "Herald is up: this notification went through the whole platform.",
            "url": None,
            "reminderId": None,
            "urgent": False,
        },
    )


def deliver(environment: Environment, event_topic: str) -> float:
    """Seconds from due to inbox of one e-mail.

    A reminder must lie more than a minute ahead, so this one comes as the command
    `notification:create`, which any producer may publish, and is due at once.
    """
    urls, due = environment.shell(), datetime.now(UTC)
    recipient = f"welcome-{uuid.uuid4().hex[:8]}@example.com"
    event = notification(recipient, due)
    attributes = {"eventItemType": "notification", "eventType": event.type, "userId": "welcome"}
    boto3.client(
        "sns",
        endpoint_url=urls["AWS_ENDPOINT_URL"],
        region_name=urls["AWS_REGION"],
        aws_access_key_id=urls["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=urls["AWS_SECRET_ACCESS_KEY"],
    ).publish(
        TopicArn=event_topic,
        Message=event.to_json(),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )
    query = urllib.parse.urlencode({"channel": "email", "to": recipient})
    received = wait_for_message(f"{urls['INBOX_URL']}/api/messages?{query}")
    return (datetime.fromisoformat(received["receivedAt"]) - due).total_seconds()


def wait_for_message(url: str) -> dict[str, Any]:
    deadline = time.monotonic() + ARRIVAL_TIMEOUT
    while time.monotonic() < deadline:
        with urllib.request.urlopen(url, timeout=10) as answer:
            messages: list[dict[str, Any]] = json.loads(answer.read())
        if messages:
            return messages[0]
        time.sleep(0.05)
    raise SupervisorError(
        f"no notification reached the inbox within {ARRIVAL_TIMEOUT} s;"
        " see `kubectl logs -n local --prefix --all-containers -l app.kubernetes.io/part-of=herald`"
    )
