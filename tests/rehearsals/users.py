"""A user of the platform, who sees whether data is there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import httpx

from tests.rehearsals.environment import PATIENCE, Environment
from tests.waiting import eventually

PAUSE = 0.5  # seconds between two reminders
EVENTS = {"reminder:created", "notification:created"}  # of a reminder that nobody changed


class User:
    def __init__(self, platform: Environment, name: str) -> None:
        self.platform = platform
        self.headers = {
            "x-authenticated-userid": name,
            "x-consumer-username": f"{name}@example.org",
        }

    def call(
        self, method: str, path: str, body: Any = None, service: str = "reminder-service"
    ) -> Any:
        url = f"{self.platform.url(service)}{path}"
        answer = httpx.request(method, url, json=body, headers=self.headers, timeout=30)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def create(self, message: str) -> str:
        """Create a reminder; return its id once the event store has its events."""
        date = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        id = str(self.call("POST", "/reminders", {"date": date, "message": message})["id"])
        eventually(lambda: {each for _, each in self.timeline(id)} >= EVENTS, PATIENCE)
        return id

    def expect(self, message: str, due: datetime, channel: str) -> None:
        """Create a reminder that goes to the device or the address of the user."""
        body = {"date": due.isoformat(), "message": message, "notifyType": channel}
        self.call("POST", "/reminders", body)

    def register(self, token: str) -> None:
        self.call("POST", "/device/register", {"fcmToken": token}, "notification-service")

    def remind_soon(self, message: str, **fields: str) -> None:
        """Create a daily reminder that is due in 15 seconds."""
        date = (datetime.now(UTC) + timedelta(days=-1, seconds=15)).isoformat()
        body = {"date": date, "rule": "FREQ=DAILY", "message": message, **fields}
        self.call("POST", "/reminders", body)

    @contextmanager
    def reminding(self) -> Iterator[list[str]]:
        """Create reminders that are due soon, without a break; yield their messages."""
        messages: list[str] = []
        stopping = Event()

        def remind() -> None:
            while not stopping.wait(PAUSE):
                self.remind_soon(message := f"due {len(messages)}")
                messages.append(message)

        with ThreadPoolExecutor(1) as threads:
            work = threads.submit(remind)
            try:
                yield messages
            finally:
                stopping.set()
            work.result()

    def delete(self, id: str) -> None:
        self.call("DELETE", f"/reminders/{id}")

    def rename(self, id: str, message: str) -> None:
        self.call("PATCH", f"/reminders/{id}", {"message": message})

    def reminders(self) -> dict[str, str]:
        """Return the messages of all reminders by their ids."""
        items = self.call("GET", "/reminders?limit=100")["items"]
        return {each["id"]: each["message"] for each in items}

    def timeline(self, id: str) -> list[tuple[str, str]]:
        """Return ids and types of the events of a reminder."""
        items = self.call("GET", f"/reminders/{id}/events?limit=100")["items"]
        return [(each["id"], each["type"]) for each in items]
