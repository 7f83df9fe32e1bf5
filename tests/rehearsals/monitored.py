"""The platform with users, a provider of its own, Prometheus and an operator."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx
from event_messages.contract import DueNotification
from event_messages.event import Event
from event_messages.identifiers import occurrence_id
from event_messages.publisher import Outgoing, Publisher
from sqlalchemy import Engine, create_engine, text

from tests.alarm_topic import Operator, operator_of
from tests.rehearsals.account import Account, account, inbox_at
from tests.rehearsals.environment import Environment, environment
from tests.rehearsals.monitoring import Pods, monitoring
from tests.services.processes import free_port
from tests.upgrade.previous_version import NEW, Version
from tests.waiting import eventually

SERVER = "{}-postgres"
Channel = Literal["push", "email"]
AHEAD = 75  # seconds; a reminder must be due in more than a minute when it arrives


@dataclass
class Provider:
    """Firebase, which can be away."""

    account: Account
    folder: Path
    url: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")
    running: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def credentials(self) -> Path:
        file = self.folder / "provider.json"
        key = json.loads(self.account.credentials.read_text())
        file.write_text(json.dumps(key | {"token_uri": f"{self.url}/token"}))
        return file

    def start(self) -> None:
        self.running.enter_context(inbox_at(self.url, self.credentials))

    def stop(self) -> None:
        self.running.close()


@dataclass
class MonitoredPlatform:
    stack: Environment
    services: Path  # the code that pods run
    provider: Provider
    pods: Pods
    outputs: dict[str, Any]
    operator: Operator

    @cached_property
    def publisher(self) -> Publisher:
        client = self.stack.account.client("sns")
        return Publisher(client, self.outputs["topics"]["notification"])

    def send(self, channel: Channel, users: Sequence[str]) -> None:
        """Announce a due notification to each user; an e-mail address names its user."""
        messages = [Outgoing(due_now(channel, user)) for user in users]
        assert self.publisher.publish(messages) == []

    def register(self, user: str) -> None:
        answer = httpx.post(
            f"{self.stack.url('notification-service')}/device/register",
            json={"fcmToken": f"valid-{user}"},
            headers=headers(user),
        )
        assert answer.is_success, answer.text

    def remind(self, user: str, message: str, channel: Channel) -> None:
        due = datetime.now(UTC) + timedelta(seconds=AHEAD)
        body = {"date": due.isoformat(), "message": message, "notifyType": channel}
        url = f"{self.stack.url('reminder-service')}/reminders"
        answer = httpx.post(url, json=body, headers=headers(user), timeout=30)
        assert answer.is_success, answer.text

    def arrivals(self, message: str) -> list[dict[str, Any]]:
        """Return the pushes and e-mails that contain a message."""
        inboxes = (self.provider.url, self.stack.account.inbox)
        arrived = [each for url in inboxes for each in httpx.get(f"{url}/api/messages").json()]
        return [each for each in arrived if message in each["body"]]

    def ask(self, timeout: float = 30) -> int:
        """Read the reminders of a user; return the status of the answer."""
        url = f"{self.stack.url('reminder-service')}/reminders"
        return httpx.get(url, headers=headers("ada"), timeout=timeout).status_code

    def engine(self, database: str) -> Engine:
        """Return the engine of a superuser of the database server."""
        name = SERVER.format(self.stack.name)
        [server] = self.stack.account.client("rds").describe_db_instances(
            DBInstanceIdentifier=name
        )["DBInstances"]
        port = server["Endpoint"]["Port"]
        return create_engine(f"postgresql+psycopg://rdsadmin@127.0.0.1:{port}/{database}")

    def execute(self, database: str, statement: str, **values: Any) -> int:
        """Run a statement as an operator; return the number of rows."""
        engine = self.engine(database)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            rows = connection.execute(text(statement), values).rowcount
        engine.dispose()
        return rows

    def restart(self, service: str) -> None:
        self.stack.stop([f"{self.stack.name}-{service}"])
        self.stack.roll_out()

    def await_scrape(self, service: str) -> None:
        """Wait until Prometheus has read the metrics of a pod that just started."""
        port = self.stack.pods[f"{self.stack.name}-{service}"].metrics_port
        eventually(lambda: self.value(f'up{{instance="127.0.0.1:{port}"}}'), 60, pause=1)

    def value(self, query: str) -> float:
        """Return the value of a query in Prometheus, or 0 without one."""
        answer = self.operator.prometheus.get("/api/v1/query", params={"query": query})
        result = answer.json()["data"]["result"]
        return float(result[0]["value"][1]) if result else 0.0


def headers(user: str) -> dict[str, str]:
    return {"x-authenticated-userid": user, "x-consumer-username": f"{user}@example.org"}


def due_now(channel: Channel, user: str) -> Event:
    id, now = uuid4(), datetime.now(UTC)
    due = DueNotification(
        notification_id=id, occurrence_id=occurrence_id(id, now), occurrence=now, deliver_at=now,
        channel=channel, message="Bake bread", email=user if channel == "email" else None,
    )  # fmt: skip
    return Event.new("notification:send", user, due)


@contextmanager
def monitored_platform(folder: Path) -> Iterator[MonitoredPlatform]:
    services = folder / "services"
    shutil.copytree(NEW.services, services, ignore=shutil.ignore_patterns("__pycache__"))
    with ExitStack() as running:
        aws = running.enter_context(account(folder, Version("copied", services)))
        provider = Provider(aws, folder)
        running.enter_context(provider.running)
        provider.start()
        stack = running.enter_context(environment(folder / "stack", aws, "alerts"))
        push = {"url": provider.url, "credentials": {"fromFile": str(provider.credentials)}}
        stack.configure({"herald:push": push})
        stack.up()
        shown = json.loads(stack.succeed("stack", "output", "--stack", stack.name, "--json"))
        topic, pods = shown["alarm_topic_arn"], Pods(stack)
        prometheus = running.enter_context(monitoring(folder / "monitoring", pods, topic))
        operator = running.enter_context(operator_of(topic, prometheus, aws.client))
        yield MonitoredPlatform(stack, services, provider, pods, shown, operator)
