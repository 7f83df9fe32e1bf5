"""The API on a store in memory, at a time that the test sets."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from event_messages.content import Content
from event_messages.identifiers import uuid7
from fastapi import FastAPI
from reminder_service.api import reminder_api
from reminder_service.reminders import Reminder
from service_runtime.rate_limit import Rate

from tests.services.reminder_service.fakes import InMemoryReminders, InMemoryTimelines
from tests.services.reminder_service.imports_in_memory import (
    ChosenZones,
    InMemoryImports,
    InMemorySubscriptions,
)
from tests.services.service_runtime.fake_buckets import InMemoryBuckets

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> InMemoryReminders:
    return InMemoryReminders(per_user=5)


@pytest.fixture
def timelines(clock: Clock) -> InMemoryTimelines:
    return InMemoryTimelines(clock)


@pytest.fixture
def zones() -> ChosenZones:
    return ChosenZones()


@pytest.fixture
def app(
    store: InMemoryReminders,
    timelines: InMemoryTimelines,
    clock: Clock,
    callers: Any,
    zones: ChosenZones,
) -> FastAPI:
    return reminder_api(
        store,
        timelines,
        InMemoryBuckets(Rate(1, 50), clock.monotonic),
        imports=InMemoryImports(store),
        subscriptions=InMemorySubscriptions(),
        zones=zones,
        live=lambda: True,
        ready=lambda: True,
        identity=callers.identity,
        clock=clock,
    )


@pytest.fixture
def api(app: FastAPI, callers: Any, client_of: Callable[..., httpx.Client]) -> httpx.Client:
    """Calls as user-1, whose e-mail address is known."""
    return client_of(app, headers=callers.headers("user-1", "user@example.com"))


@pytest.fixture
def other(callers: Any) -> dict[str, bytes]:
    """Headers of user-2, whose e-mail address is not known."""
    headers: dict[str, bytes] = callers.headers("user-2")
    return headers


@pytest.fixture
def body() -> dict[str, Any]:
    return {"date": "2030-01-02T09:00:00Z", "message": "Water the plants"}


@pytest.fixture
def made() -> Callable[..., Reminder]:
    """A reminder as it is when nothing but the named fields was chosen."""
    plain = Reminder(
        id=UUID(int=1),
        user_id="user-1",
        content=Content(message="Water the plants", email="user@example.com"),
        date=NOW + timedelta(days=1),
        created_at=NOW,
        updated_at=NOW,
    )

    def make(**fields: Any) -> Reminder:
        names = Content.model_fields.keys() & fields
        written = {name: fields.pop(name) for name in names}
        content = plain.content.model_copy(update=written)
        return replace(plain, **{"id": uuid7(), "content": content, **fields})

    return make
