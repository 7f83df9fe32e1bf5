"""A user of the platform, who sees whether data is there."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.rehearsals.environment import PATIENCE, Environment
from tests.waiting import eventually

EVENTS = {"reminder:created", "notification:created"}  # of a reminder that nobody changed


class User:
    def __init__(self, platform: Environment, name: str) -> None:
        self.platform = platform
        self.headers = {
            "x-authenticated-userid": name,
            "x-consumer-username": f"{name}@example.org",
        }

    def call(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.platform.url('reminder-service')}/reminders{path}"
        answer = httpx.request(method, url, json=body, headers=self.headers, timeout=30)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def create(self, message: str) -> str:
        """Create a reminder; return its id once the event store has its events."""
        date = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        id = str(self.call("POST", "", {"date": date, "message": message})["id"])
        eventually(lambda: {each for _, each in self.timeline(id)} >= EVENTS, PATIENCE)
        return id

    def expect(self, message: str, due: datetime, channel: str) -> None:
        """Create a reminder that goes to the device or the address of the user."""
        body = {"date": due.isoformat(), "message": message, "notifyType": channel}
        self.call("POST", "", body)

    def register(self, token: str) -> None:
        answer = httpx.post(
            f"{self.platform.url('notification-service')}/device/register",
            json={"fcmToken": token},
            headers=self.headers,
            timeout=30,
        )
        assert answer.is_success, answer.text

    def delete(self, id: str) -> None:
        self.call("DELETE", f"/{id}")

    def rename(self, id: str, message: str) -> None:
        self.call("PATCH", f"/{id}", {"message": message})

    def reminders(self) -> dict[str, str]:
        """Return the messages of all reminders by their ids."""
        items = self.call("GET", "?limit=100")["items"]
        return {each["id"]: each["message"] for each in items}

    def timeline(self, id: str) -> list[tuple[str, str]]:
        """Return ids and types of the events of a reminder."""
        items = self.call("GET", f"/{id}/events?limit=100")["items"]
        return [(each["id"], each["type"]) for each in items]
