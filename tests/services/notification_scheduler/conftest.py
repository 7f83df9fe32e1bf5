"""What is due, in memory and in PostgreSQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from event_service.notifications import PostgresNotifications
from notification_scheduler.database import conninfo, open_pool
from notification_scheduler.due import Due
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.fakes import InMemoryDueNotifications
from notification_scheduler.settings import Settings

from tests.services.notification_scheduler.examples import put
from tests.services.notifications_database import engine, migrated, migration_settings

__all__ = ["engine", "migrated", "migration_settings"]


@dataclass
class Table:
    """One table of notifications seen by the event service and by schedulers."""

    make: Callable[[float], Any]  # a scheduler's view, with a lease in seconds
    put: Callable[..., None]  # store, by the event service
    state: Callable[[UUID], tuple[str, datetime | None]]  # state and next delivery


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

    return Table(
        make=lambda lease: PostgresDueNotifications(pool, lease),
        put=lambda *dues: put(table, *dues),
        state=state,
    )


@pytest.fixture
def memory() -> Table:
    table = InMemoryDueNotifications(lease=60)

    def make(lease: float) -> InMemoryDueNotifications:
        view = InMemoryDueNotifications(lease)
        view.rows, view._lock = table.rows, table._lock
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
    )


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def table(request) -> Table:
    found: Table = request.getfixturevalue(request.param)
    return found
