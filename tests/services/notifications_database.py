"""One migrated database of notifications for the tests of both services that use it."""

from collections.abc import Iterator

import pytest
from service_runtime.migrations import migrate
from service_runtime.settings import MigrationSettings
from sqlalchemy import URL, Engine, create_engine, text

from tests.postgresql import PASSWORD, PostgresServer, closing_engine

NAME = "notifications"


@pytest.fixture(scope="session")
def migration_settings(postgres_server: PostgresServer) -> MigrationSettings:
    return postgres_server.database(NAME)


@pytest.fixture(scope="session")
def migrated(migration_settings: MigrationSettings) -> URL:
    migrate(migration_settings, "event_service:migrations")
    host, port = migration_settings.database_host, migration_settings.database_port
    return URL.create("postgresql+psycopg", NAME, PASSWORD, host, port, NAME)


@pytest.fixture
def engine(migrated: URL) -> Iterator[Engine]:
    """Of empty tables, with the rights of the service."""
    with closing_engine(create_engine(migrated)) as engine:
        with engine.begin() as connection:
            connection.execute(text("delete from notifications"))
            connection.execute(text("delete from outbox"))
            connection.execute(text("delete from notification_budgets"))
        yield engine
