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

from local import patience
from local.environment import Environment
from local.errors import LocalError

READY_TIMEOUT = 60  # seconds for the services to answer through their node ports
ARRIVAL_TIMEOUT = 30  # seconds for the notification to reach the inbox


def wait_for_services(urls: dict[str, str]) -> None:
    timeout = patience.stretch(READY_TIMEOUT)
    deadline = time.monotonic() + timeout
    for name in ("REMINDERS_URL", "DEVICES_URL"):
        while not is_ready(urls[name]):
            if time.monotonic() > deadline:
                raise LocalError(
                    f"{urls[name]} does not answer after {timeout:.0f} s;"
                    " see `kubectl get pods -n local`"
                )
            time.sleep(0.2)


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=patience.stretch(2)):
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
    """Send one e-mail and return the seconds from its due time to the inbox.

    A reminder must be due in more than a minute. So this function publishes the command
    `notification:create`, as any producer can, with a notification that is due now.
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
    timeout = patience.stretch(ARRIVAL_TIMEOUT)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with urllib.request.urlopen(url, timeout=patience.stretch(10)) as answer:
            messages: list[dict[str, Any]] = json.loads(answer.read())
        if messages:
            return messages[0]
        time.sleep(0.05)
    raise LocalError(
        f"no notification reached the inbox within {timeout:.0f} s;"
        " see `kubectl logs -n local --prefix --all-containers -l app.kubernetes.io/part-of=herald`"
    )
