"""Everything that the services talk to: PostgreSQL, the AWS emulator and the inbox."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import botocore.session
import httpx
from sqlalchemy import create_engine

from tests.emulator import admit_topics
from tests.faults.history import Effect, Sent
from tests.faults.observation import Stores
from tests.postgresql import PostgresServer
from tests.services.event_table import make_event_table
from tests.services.notification_service.examples import service_account_key
from tests.services.processes import free_port
from tests.upgrade.fleet import wait_for_answer
from tests.upgrade.previous_version import ROOT

DATABASES = {
    "reminder-service": "reminders",
    "event-service": "notifications",
    "notification-scheduler": "notifications",
    "notification-service": "devices",
}
REGION, SENDER = "eu-central-1", "reminders@example.org"
TEMPLATE = {
    "TemplateName": "reminder",
    "SubjectPart": "{{subject}}",
    "TextPart": "{{text}}",
    "HtmlPart": "{{html}}",
}
DUE_ONLY = {"eventType": ["notification:send"]}
DUE_SOON = """
select count(*) from notifications
where state = 'pending' and deliver_at < now() + interval '10 seconds'
"""


@dataclass(frozen=True)
class Neighbours:
    settings: dict[str, dict[str, str]]  # of each service
    stores: Stores
    inbox: httpx.Client
    count_queued: Callable[[], int]
    dead_letters: Callable[[], list[str]]

    def sent(self) -> list[Sent]:
        """Return the pushes and e-mails that arrived. Devices are known by their tokens."""
        return [
            Sent(Effect(UUID(id), one["to"]), datetime.fromisoformat(one["receivedAt"]).timestamp())
            for one in self.inbox.get("/api/messages").json()
            if (id := occurrence_of(one))
        ]

    def emails(self, address: str) -> list[str]:
        return [
            one["body"] for one in self.inbox.get("/api/messages", params={"to": address}).json()
        ]


def occurrence_of(message: dict[str, Any]) -> str:
    data: dict[str, Any] = message["data"]
    found: str = (
        data["tags"]["occurrence"] if message["channel"] == "email" else data["occurrenceId"]
    )
    return found


@contextmanager
def neighbours(server: PostgresServer, folder: Path) -> Iterator[Neighbours]:
    with ExitStack() as running:
        inbox, aws = (f"127.0.0.1:{free_port()}" for _ in range(2))
        key = json.loads(service_account_key()) | {"token_uri": f"http://{inbox}/token"}
        (folder / "key.json").write_text(json.dumps(key))
        credentials = str(folder / "key.json")
        start = running.enter_context
        start(_module("local.inbox", "--listen", inbox, "--credentials", credentials))
        start(_module("local.aws_server", "--listen", aws, "--inbox", f"http://{inbox}"))
        wait_for_answer(f"http://{inbox}/health")
        wait_for_answer(f"http://{aws}/moto-api/data.json")
        cloud = Cloud(f"http://{aws}", running)
        stores = Stores(
            **{name: create_engine(server.url(name)) for name in dict.fromkeys(DATABASES.values())},
            pending=DUE_SOON,
        )
        for engine in (stores.reminders, stores.notifications, stores.devices):
            running.callback(engine.dispose)
        yield Neighbours(
            settings=settings_of(server, cloud, key),
            stores=stores,
            inbox=start(httpx.Client(base_url=f"http://{inbox}")),
            count_queued=cloud.count_queued,
            dead_letters=cloud.dead_letters,
        )


class Cloud:
    """Topics, queues, a table and e-mail in the AWS emulator, as a stack makes them."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url = url
        self._stack = stack
        self._sqs, self._sns = self._client("sqs"), self._client("sns")
        self.event_topic, self.notification_topic = (
            self._sns.create_topic(Name=name)["TopicArn"] for name in ("event", "notification")
        )
        self.dead = self._sqs.create_queue(QueueName="dead")["QueueUrl"]
        self.event_queue = self._queue("events")
        self.notification_queue = self._queue("notifications")
        self._subscribe(self.event_topic, self.event_queue)
        self._subscribe(self.notification_topic, self.event_queue)
        self._subscribe(self.notification_topic, self.notification_queue, DUE_ONLY)
        make_event_table(self._client("dynamodb"), "events")
        ses = self._client("ses")
        ses.verify_email_identity(EmailAddress=SENDER)
        ses.create_template(Template=TEMPLATE)
        ses.create_configuration_set(ConfigurationSet={"Name": "email"})

    def count_queued(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answers = [
            self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            for url in (self.event_queue, self.notification_queue)
        ]
        return sum(int(answer[name]) for answer in answers for name in names)

    def dead_letters(self) -> list[str]:
        answer = self._sqs.receive_message(
            QueueUrl=self.dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [f"{one['Body']} {one['MessageAttributes']}" for one in answer.get("Messages", [])]

    def _client(self, service: str) -> Any:
        client = botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self._stack.callback(client.close)
        return client

    def _queue(self, name: str) -> str:
        redrive = {"deadLetterTargetArn": self._arn(self.dead), "maxReceiveCount": 5}
        attributes = {"RedrivePolicy": json.dumps(redrive)}
        url: str = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    def _subscribe(self, topic: str, queue: str, only: dict[str, Any] | None = None) -> None:
        attributes = {"RawMessageDelivery": "true"}
        attributes |= {"FilterPolicy": json.dumps(only)} if only else {}
        arn = self._arn(queue)
        policy = admit_topics(arn, self.event_topic, self.notification_topic)
        self._sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)

    def _arn(self, queue: str) -> str:
        answer = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        arn: str = answer["Attributes"]["QueueArn"]
        return arn


def settings_of(
    server: PostgresServer, cloud: Cloud, key: dict[str, str]
) -> dict[str, dict[str, str]]:
    """Return the variables of each service: one set, of which each reads its own."""
    common = {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "EVENT_TOPIC_ARN": cloud.event_topic,
        "EVENT_QUEUE_URL": cloud.event_queue,
        "EVENT_DEAD_LETTERS_URL": cloud.dead,
        "EVENT_STORE_TABLE": "events",
        "NOTIFICATION_TOPIC_ARN": cloud.notification_topic,
        "NOTIFICATION_QUEUE_URL": cloud.notification_queue,
        "NOTIFICATION_DEAD_LETTERS_URL": cloud.dead,
        "FCM_CREDENTIALS": json.dumps(key),
        "FCM_URL": key["token_uri"].removesuffix("/token"),
        "SES_TEMPLATE": TEMPLATE["TemplateName"],
        "SES_CONFIGURATION_SET": "email",
        "EMAIL_SENDER": SENDER,
    }
    return {service: common | server.variables(name) for service, name in DATABASES.items()}


@contextmanager
def _module(name: str, *arguments: str) -> Iterator[None]:
    command = [sys.executable, "-m", name, *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ) as process:
        try:
            yield
        finally:
            process.terminate()
