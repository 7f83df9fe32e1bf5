"""The notifications table and the event store, in memory and for real."""

from collections.abc import Callable
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from event_service.event_store import DynamoEventStore
from event_service.notifications import PostgresNotifications
from service_runtime.outbox_relay import OutboxRelay
from sqlalchemy import Engine

from tests.services.event_service.fakes import InMemoryEventStore, InMemoryNotifications
from tests.services.event_table import make_event_table
from tests.services.notifications_database import engine, migrated, migration_settings

__all__ = ["engine", "migrated", "migration_settings"]

TABLE = "event-store"


class Announced:
    """A topic that takes everything."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def publish(self, messages: Any) -> list[Any]:
        self.events += [message.event for message in messages]
        return []


class PublishedNotifications(PostgresNotifications):
    """With `announced`, as the fake has it: what the outbox publishes."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._topic = Announced()
        self._relay = OutboxRelay(engine, self._topic)

    @property
    def announced(self) -> list[Any]:
        while self._relay.relay_once():
            pass
        return self._topic.events


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def notifications(request) -> InMemoryNotifications | PublishedNotifications:
    if request.param == "memory":
        return InMemoryNotifications()
    return PublishedNotifications(request.getfixturevalue("engine"))


class ReadableEventStore(DynamoEventStore):
    """With `items`, as the fake has them: what the table holds."""

    def __init__(self, client: Any, clock: Callable[[], Any]) -> None:
        super().__init__(client, TABLE, clock)

    @property
    def items(self) -> list[dict[str, Any]]:
        read = TypeDeserializer().deserialize
        found = self._client.scan(TableName=TABLE)["Items"]  # type: ignore[attr-defined]
        items = [{name: read(value) for name, value in item.items()} for item in found]
        return sorted(items, key=lambda item: (item["userId"], item["id"]))


@pytest.fixture(params=["memory", pytest.param("dynamodb", marks=pytest.mark.integration)])
def make_store(request) -> Callable[..., Any]:
    if request.param == "memory":
        return InMemoryEventStore
    client = request.getfixturevalue("aws")("dynamodb")
    make_event_table(client, TABLE)
    return lambda clock: ReadableEventStore(client, clock)
