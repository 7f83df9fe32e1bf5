"""A process of the whole platform that kills itself, by SIGKILL, at a named point.

It talks to the AWS emulator and writes its pushes to a file: both outlive it.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import botocore.session
from event_service.event_store import DynamoEventStore
from notification_service.errors import RetryLater
from notification_service.fcm_message import Push
from notification_service.ses_email import Email

from tests.faults.history import Effect, Sent
from tests.faults.platform import Databases, Neighbours, running
from tests.faults.promises import TOKEN

# Loaded once, in the server that all processes come from.
SESSION = botocore.session.get_session()
for _service in ("sns", "sqs", "dynamodb"):
    SESSION.get_service_model(_service)


@dataclass(frozen=True)
class Kill:
    """At the `times`-th time that the point is reached."""

    point: str
    times: int = 1


@dataclass(frozen=True)
class Aws:
    """The emulator, and what was made in it."""

    url: str
    event_topic: str
    event_queue: str
    notification_topic: str
    notification_queue: str
    dead_letters: str
    event_store: str


class Sink:
    """Appends each push to a file in one write, which no kill can take back.

    It refuses every other push once, so that it waits for another attempt.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._refused = path.with_name("refused")
        self._refused.mkdir(exist_ok=True)

    def send(self, push: Push) -> str:
        key = f"{push.occurrence_id}-{push.token.removeprefix(TOKEN)}"
        if push.occurrence_id.int % 2 and not (self._refused / key).exists():
            (self._refused / key).touch()
            raise RetryLater("down")
        line = [str(push.occurrence_id), push.token.removeprefix(TOKEN), time.time()]
        os.write(self._file, f"{json.dumps(line)}\n".encode())
        return "message"


class Mailbox:
    """Appends each e-mail likewise: its occurrence, its address and its text."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def send(self, email: Email) -> str:
        line = [str(email.occurrence_id), email.to, email.text.text]
        os.write(self._file, f"{json.dumps(line)}\n".encode())
        return "message"


def mailbox_of(sink: Path) -> Path:
    return sink.with_name("mailed")


def sent_to(path: Path) -> list[Sent]:
    lines: Iterable[str] = path.read_text().splitlines() if path.exists() else []
    return [
        Sent(Effect(UUID(occurrence), device), at)
        for occurrence, device, at in map(json.loads, lines)
    ]


class Countdown:
    def __init__(self, kill: Kill) -> None:
        self._kill, self._left = kill, kill.times
        self._turn = threading.Lock()

    def reach(self, point: str) -> None:
        if point != self._kill.point:
            return
        with self._turn:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()


def client(aws_url: str, service: str) -> Any:
    return SESSION.create_client(
        service,
        region_name="eu-central-1",
        endpoint_url=aws_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def serve(databases: Databases, aws: Aws, sink: Path, kill: Kill) -> None:
    """What the process does: run until it is killed, by itself or by the test."""
    neighbours = Neighbours(
        topics=client(aws.url, "sns"),
        queues=client(aws.url, "sqs"),
        event_topic=aws.event_topic,
        event_queue=aws.event_queue,
        notification_topic=aws.notification_topic,
        notification_queue=aws.notification_queue,
        dead_letters=aws.dead_letters,
        event_store=DynamoEventStore(client(aws.url, "dynamodb"), aws.event_store),
        push=Sink(sink),
        email=Mailbox(mailbox_of(sink)),
    )
    with running(databases, neighbours, Countdown(kill).reach):
        signal.pause()
