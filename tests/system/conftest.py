"""The platform of `make up`, as its users reach it."""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from local.environment import Environment

SHORTEST = 62  # seconds ahead: a reminder must be due in more than a minute
LATEST = timedelta(seconds=15)  # after it was due, on a machine that is busy with other tests
Started = dict[ModuleType, "Future[Any]"]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of this folder."""
    item.add_marker("system")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort tests: first those that need no story, last those that stop parts of the platform."""

    def place(item: pytest.Item) -> int:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("disruptive"):
            return 3
        return 2 if "outages" in fixtures else int(bool(fixtures & {"story", "stories"}))

    items.sort(key=place)


@dataclass
class Person:
    """A user of the platform with one device."""

    platform: "Platform"
    name: str = field(default_factory=lambda: f"user-{uuid.uuid4().hex[:10]}")

    @property
    def token(self) -> str:
        return f"valid-{self.name}"

    @property
    def address(self) -> str:
        return f"{self.name}@example.com"

    @property
    def headers(self) -> dict[str, str]:
        return {"x-authenticated-userid": self.name, "x-consumer-username": self.address}

    def register(self) -> None:
        answer = self.platform.devices.post(
            "/device/register", json={"fcmToken": self.token}, headers=self.headers
        )
        assert answer.status_code in (200, 201), answer.text

    def remind(
        self, message: str, due: datetime, notify_type: str = "push", **named: Any
    ) -> dict[str, Any]:
        body = {"date": due.isoformat(), "message": message, "notifyType": notify_type, **named}
        answer = self.platform.reminders.post("/reminders", json=body, headers=self.headers)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def messages(self, channel: str = "push") -> list[dict[str, Any]]:
        to = self.token if channel == "push" else self.address
        answer = self.platform.inbox.get("/api/messages", params={"channel": channel, "to": to})
        found: list[dict[str, Any]] = answer.json()
        return found


@dataclass
class Platform:
    reminders: httpx.Client
    devices: httpx.Client
    inbox: httpx.Client
    shell: dict[str, str]

    def person(self) -> Person:
        return Person(self)

    def kubectl(self, *arguments: str) -> str:
        command = [self.shell["PATH"].split(":")[0] + "/kubectl", "-n", "local", *arguments]
        return subprocess.check_output(command, env={**os.environ, **self.shell}, text=True)

    @staticmethod
    def soon(seconds: float = 0) -> datetime:
        """The earliest date that a reminder may have, and some seconds more."""
        return datetime.now(UTC) + timedelta(seconds=SHORTEST + seconds)

    @staticmethod
    def wait_until(moment: datetime) -> None:
        time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))

    def outputs(self) -> dict[str, Any]:
        command = ["pulumi", "stack", "output", "--json", "--stack", "local"]
        shown = subprocess.check_output(command, env={**os.environ, **self.shell}, text=True)
        outputs: dict[str, Any] = json.loads(shown)
        return outputs


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    shell = Environment().shell()
    clients = [
        httpx.Client(base_url=shell[name], timeout=60)
        for name in ("REMINDERS_URL", "DEVICES_URL", "INBOX_URL")
    ]
    yield Platform(*clients, shell)
    for client in clients:
        client.close()


@contextmanager
def started(request: pytest.FixtureRequest, name: str, platform: Platform) -> Iterator[Started]:
    """Call the functions of a name in all modules, each in a thread: they wait for minutes."""
    modules = {item.module for item in request.session.items if isinstance(item, pytest.Function)}
    with ThreadPoolExecutor() as threads:
        yield {
            module: threads.submit(getattr(module, name), platform)
            for module in modules
            if hasattr(module, name)
        }


@pytest.fixture(scope="session", autouse=True)
def told(request: pytest.FixtureRequest, platform: Platform) -> Iterator[Started]:
    """Start `tell` of all modules when the first test starts."""
    with started(request, "tell", platform) as told:
        yield told


@pytest.fixture(scope="session")
def stories(told: Started) -> None:
    """Wait until `tell` of every module has come to its end."""
    wait(told.values())


@pytest.fixture(scope="module")
def story(request: pytest.FixtureRequest, told: Started) -> Any:
    """What `tell` of this module returns, once it has come to its end."""
    return told[request.module].result()


@pytest.fixture(scope="session")
def outages(request: pytest.FixtureRequest, platform: Platform, stories: None) -> Iterator[Started]:
    """Start `stop_services` of all modules when no story needs the services any more."""
    with started(request, "stop_services", platform) as outages:
        yield outages


@pytest.fixture(scope="module")
def outage(request: pytest.FixtureRequest, outages: Started) -> Any:
    """Return what `stop_services` of this module returned after all services had started again."""
    return outages[request.module].result()
