"""The whole process, against PostgreSQL, the AWS emulator and the inbox that plays FCM."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import botocore.session
import httpx
import pytest
from event_messages.contract import DueNotification, PendingNotification, data_of
from event_messages.event import Event
from event_messages.publisher import Outgoing, Publisher
from notification_service.sending import item_of
from notification_service.texts import Reader
from service_runtime.settings import MigrationSettings

from tests.emulator import admit_topics
from tests.services.notification_service.examples import due, service_account_key, texts

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
LINK_KEY = "key-of-links-" + "k" * 30
SENDER = "reminders@example.org"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TEMPLATE = {
    "TemplateName": "reminder",
    "SubjectPart": "{{subject}}",
    "TextPart": "{{text}}",
    "HtmlPart": "{{html}}",
}


@dataclass
class Platform:
    """The neighbours of the service, and the service."""

    aws_url: str
    inbox: httpx.Client
    api: httpx.Client
    metrics_url: str = ""
    topic: str = ""
    events_queue: str = ""
    process: "subprocess.Popen[bytes] | None" = None
    log: Path = Path()
    clients: dict[str, Any] = field(default_factory=dict)

    def aws(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = botocore.session.get_session().create_client(
                service,
                region_name="eu-central-1",
                endpoint_url=self.aws_url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self.clients[service]

    def publish(self, *events: Event) -> None:
        publisher = Publisher(self.aws("sns"), self.topic)
        assert publisher.publish([Outgoing(event, TRACE) for event in events]) == []
        publisher.close()

    def arrived(self, to: str, count: int) -> list[dict[str, Any]]:
        """What the inbox has for a recipient, when it is so much."""
        return until(
            lambda: self.inbox.get("/api/messages", params={"to": to}).json(),
            lambda found: len(found) >= count,
        )

    def told(self, count: int) -> list[tuple[Event, str]]:
        """Events on the event topic since the last call, with their traces."""
        told: list[tuple[Event, str]] = []

        def receive() -> list[tuple[Event, str]]:
            told.extend(self._received())
            return told

        return until(receive, lambda found: len(found) >= count)

    def told_of(self, user: str, type: str, count: int) -> list[Event]:
        """A user's events of a type, when they are so many."""
        told: list[Event] = []

        def receive() -> list[Event]:
            found = [event for event, _ in self._received()]
            told.extend(one for one in found if (one.user_id, one.type) == (user, type))
            return told

        return until(receive, lambda found: len(found) >= count)

    def _received(self) -> list[tuple[Event, str]]:
        answer = self.aws("sqs").receive_message(
            QueueUrl=self.events_queue,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        return [
            (
                Event.from_json(message["Body"]),
                message["MessageAttributes"].get("traceparent", {}).get("StringValue", ""),
            )
            for message in answer.get("Messages", [])
        ]


def until(look: Callable[[], Any], enough: Callable[[Any], bool], patience: float = 30) -> Any:
    end = time.monotonic() + patience
    while not enough(found := look()):
        assert time.monotonic() < end, f"only this was seen in {patience} s: {found}"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def platform(
    devices_database: MigrationSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    inbox, aws, api = (f"127.0.0.1:{free_port()}" for _ in range(3))
    key = json.loads(service_account_key()) | {"token_uri": f"http://{inbox}/token"}
    folder = tmp_path_factory.mktemp("platform")
    key_file = folder / "key.json"
    key_file.write_text(json.dumps(key))
    with ExitStack() as running:
        start = running.enter_context
        log = folder / "neighbours.log"
        start(python(log, "local.inbox", "--listen", inbox, "--credentials", str(key_file)))
        start(python(log, "local.aws_server", "--listen", aws, "--inbox", f"http://{inbox}"))
        platform = Platform(
            f"http://{aws}",
            start(httpx.Client(base_url=f"http://{inbox}")),
            start(httpx.Client(base_url=f"http://{api}")),
        )
        ready(platform.inbox, "/health")
        ready(httpx, f"http://{aws}/moto-api/data.json")
        environment = provision(platform) | service_environment(devices_database, key, api)
        platform.metrics_url = f"http://127.0.0.1:{environment['METRICS_PORT']}/metrics"
        platform.log = folder / "service.log"
        platform.process = start(python(platform.log, "notification_service", **environment))
        ready(platform.api, "/health/ready")
        yield platform
        for client in platform.clients.values():
            client.close()


def provision(platform: Platform) -> dict[str, str]:
    """Topics, queues and e-mail, as a stack makes them; the settings that name them."""
    sns, sqs, ses = platform.aws("sns"), platform.aws("sqs"), platform.aws("ses")
    platform.topic = sns.create_topic(Name="notification")["TopicArn"]
    event_topic = sns.create_topic(Name="event")["TopicArn"]
    due_queue = queue(sqs, sns, platform.topic, {"eventType": ["notification:send"]})
    platform.events_queue = queue(sqs, sns, event_topic, {})
    ses.verify_email_identity(EmailAddress=SENDER)
    ses.create_template(Template=TEMPLATE)
    ses.create_configuration_set(ConfigurationSet={"Name": "email"})
    return {
        "NOTIFICATION_QUEUE_URL": due_queue,
        "NOTIFICATION_DEAD_LETTERS_URL": sqs.create_queue(QueueName="dead")["QueueUrl"],
        "EVENT_TOPIC_ARN": event_topic,
        "SES_TEMPLATE": "reminder",
        "SES_CONFIGURATION_SET": "email",
        "EMAIL_SENDER": SENDER,
        "AWS_ENDPOINT_URL": platform.aws_url,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def queue(sqs: Any, sns: Any, topic: str, filter_policy: dict[str, Any]) -> str:
    url: str = sqs.create_queue(QueueName=f"queue-{uuid4().hex[:8]}")["QueueUrl"]
    names = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    arn = names["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": admit_topics(arn, topic)})
    attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps(filter_policy)}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return url


def service_environment(
    database: MigrationSettings, key: dict[str, str], api: str
) -> dict[str, str]:
    return {
        "HTTP_PORT": api.rpartition(":")[2],
        "METRICS_PORT": str(free_port()),
        "DATABASE_HOST": database.database_host,
        "DATABASE_PORT": str(database.database_port),
        "DATABASE_NAME": database.database_name,
        "DATABASE_USER": database.database_user,
        "DATABASE_PASSWORD": database.database_password.get_secret_value(),
        "DATABASE_SSLMODE": "disable",
        "FCM_CREDENTIALS": json.dumps(key),
        "FCM_URL": key["token_uri"].removesuffix("/token"),
        "UNSUBSCRIBE_URL": f"http://{api}/unsubscribe",
        "UNSUBSCRIBE_KEY": LINK_KEY,
    }


@contextmanager
def python(
    output: Path, module: str, *arguments: str, **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def ready(client: Any, url: str) -> None:
    def look() -> str:
        try:
            answer = client.get(url)
        except httpx.TransportError as error:
            return type(error).__name__
        return "" if answer.is_success else f"{answer.status_code} {answer.text}"

    until(look, lambda problem: not problem)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def register(platform: Platform, user: str, token: str) -> httpx.Response:
    headers = {"x-authenticated-userid": user}
    return platform.api.post("/device/register", json={"fcmToken": token}, headers=headers)


def for_user(user: str, **changes: Any) -> Event:
    event = due(occurrence_id=uuid4(), **changes)
    return event.model_copy(update={"user_id": user})


def test_pushes_and_emails_arrive_once(platform):
    assert register(platform, "ada", "valid-ada").status_code == 201
    push, email = for_user("ada"), for_user("ada", channel="email", message="Water <b>them</b>")
    platform.publish(push, push, email, email)
    (shown,) = platform.arrived("valid-ada", 1)
    assert (shown["title"], shown["body"]) == ("Reminder", "Water the plants")
    assert shown["data"]["occurrenceId"] == push.data["occurrenceId"]
    (mail,) = platform.arrived("ada@example.org", 1)
    assert "Water &lt;b&gt;them&lt;/b&gt;" in mail["html"]
    link = mail["data"]["headers"]["List-Unsubscribe"].strip("<>")
    text = texts().email("reminder", Reader(unsubscribe_url=link), [item_of(data_of(email))])
    assert (mail["title"], mail["body"], mail["html"]) == (text.subject, text.text, text.html)
    assert mail["data"]["tags"]["occurrence"] == email.data["occurrenceId"]
    told = platform.told(3)
    assert sorted(event.type for event, _ in told) == [
        "device:registered",
        "notification:delivered",
        "notification:delivered",
    ]
    traces = {trace.split("-")[1] for event, trace in told if event.type != "device:registered"}
    assert traces == {TRACE.split("-")[1]}
    assert len(platform.arrived("valid-ada", 1)) == len(platform.arrived("ada@example.org", 1)) == 1


def prefer(platform: Platform, user: str, preferences: dict[str, Any]) -> None:
    headers = {"x-authenticated-userid": user}
    platform.api.put("/preferences", json=preferences, headers=headers).raise_for_status()


def test_quiet_notification_is_rescheduled(platform):
    quiet = {"days": ["tu"], "from": "08:30", "to": "10:00"}  # 9:00 on a Tuesday, 2030-01-01
    prefer(platform, "quinn", {"quietHours": [quiet]})
    assert register(platform, "quinn", "valid-quinn").status_code == 201
    sent = for_user("quinn")
    platform.publish(sent, sent)
    (later,) = platform.told_of("quinn", "notification:create", 1)
    assert (later.data["deliverAt"], later.data["reason"]) == (
        "2030-01-01T10:00:00Z",
        "QUIET_HOURS",
    )
    pending = PendingNotification.model_validate(later.data)
    platform.publish(Event.new("notification:send", "quinn", DueNotification.of(pending)))
    (push,) = platform.arrived("valid-quinn", 1)
    assert push["body"] == "Water the plants"


def test_link_of_email_unsubscribes_its_user(platform):
    address = {"channel": "email", "email": "uma@example.org"}
    platform.publish(for_user("uma", **address))
    (mail,) = platform.arrived("uma@example.org", 1)
    headers = mail["data"]["headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = headers["List-Unsubscribe"].strip("<>")
    assert platform.api.get(link).is_success
    assert platform.api.post(link, data={"List-Unsubscribe": "One-Click"}).is_success
    platform.publish(for_user("uma", **address))
    (failed,) = platform.told_of("uma", "notification:failed", 1)
    assert failed.data["reason"] == "UNSUBSCRIBED"
    assert len(platform.arrived("uma@example.org", 1)) == 1


def test_throttled_device_gets_its_push_eventually(platform):
    assert register(platform, "tom", "throttled-tom").status_code == 201
    assert register(platform, "tom", "valid-tom").status_code == 201
    platform.publish(for_user("tom"))
    assert len(platform.arrived("throttled-tom", 1)) == 1
    assert len(platform.arrived("valid-tom", 1)) == 1


@pytest.mark.parametrize("token", ["invalid-1", "unregistered-1"])
def test_fcm_decides_which_tokens_are_registered(platform, token):
    answer = register(platform, "ada", token)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_TOKEN")


def test_deliveries_are_counted(platform):
    platform.publish(for_user("nobody"))
    line = 'deliveries_total{channel="push",outcome="failed"} 1.0'
    until(lambda: httpx.get(platform.metrics_url).text, lambda text: line in text)


def test_process_ends_without_logging_secrets(platform):
    assert platform.process is not None
    platform.process.send_signal(signal.SIGTERM)
    assert platform.process.wait(60) == 0
    output = platform.log.read_text()
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["service"] for line in lines} == {"notification-service"}
    private_key = json.loads(service_account_key())["private_key"].splitlines()[1]
    for secret in (LINK_KEY, private_key, "PRIVATE KEY", "valid-ada", "throttled-tom", "Bearer"):
        assert secret not in output
