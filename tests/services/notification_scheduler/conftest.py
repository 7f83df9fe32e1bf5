"""What is due, in memory and in PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from event_messages.event import Event
from event_service.notifications import PostgresNotifications
from notification_scheduler.database import conninfo, open_pool
from notification_scheduler.due import Due
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.settings import Settings
from sqlalchemy import text

from tests.services.notification_scheduler.examples import put
from tests.services.notification_scheduler.fakes import InMemoryDueNotifications
from tests.services.notifications_database import engine, migrated, migration_settings

__all__ = ["engine", "migrated", "migration_settings"]


@dataclass
class Table:
    """One table of notifications seen by the event service and by schedulers."""

    make: Callable[..., Any]  # a scheduler's view, with a lease in seconds and a budget per day
    put: Callable[..., None]  # store, by the event service
    state: Callable[[UUID], tuple[str, datetime | None]]  # state and next delivery
    failures: Callable[[], list[Event]]  # that the outbox would publish


@pytest.fixture
def settings(migration_settings, engine) -> Settings:
    values = migration_settings.model_dump(exclude={"database_admin_user"})
    values.pop("database_admin_password")
    return Settings(notification_topic_arn="arn:topic", **values)


@pytest.fixture
def info(settings) -> str:
    return conninfo(settings)


@pytest.fixture
def pool(settings) -> Iterator[Any]:
    with open_pool(settings) as pool:
        yield pool


@pytest.fixture
def postgres(pool, engine) -> Table:
    table = PostgresNotifications(engine)

    def state(id: UUID) -> tuple[str, datetime | None]:
        row = table.get(id)
        assert row
        return row.state, row.deliver_at

    def failures() -> list[Event]:
        with engine.connect() as connection:
            bodies = connection.scalars(text("select body from outbox order by position"))
            events = [Event.from_json(body) for body in bodies]
        return [event for event in events if event.type == "notification:failed"]

    return Table(
        make=lambda lease, **budget: PostgresDueNotifications(pool, lease, **budget),
        put=lambda *dues: put(table, *dues),
        state=state,
        failures=failures,
    )


@pytest.fixture
def memory() -> Table:
    table = InMemoryDueNotifications(lease=60)

    def make(lease: float, **budget: int) -> InMemoryDueNotifications:
        view = InMemoryDueNotifications(lease, **budget)
        view.rows, view._lock = table.rows, table._lock
        view.budgets, view.rejected = table.budgets, table.rejected
        return view

    def store(*dues: Due) -> None:
        for due in dues:
            known = table.rows.get(due.id)
            if known is None or known.due.version < due.version:
                table.put(due)

    return Table(
        make=make,
        put=store,
        state=lambda id: (table.rows[id].state, table.rows[id].due.deliver_at),
        failures=lambda: table.rejected,
    )


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def table(request) -> Table:
    found: Table = request.getfixturevalue(request.param)
    return found
