"""One migrated database of notifications for the tests of both services that use it."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from service_runtime.migrations import migrate
from service_runtime.settings import MigrationSettings
from sqlalchemy import URL, Engine, create_engine, text

from tests.postgresql import PASSWORD, PostgresServer

NAME = "notifications"


@pytest.fixture(scope="session")
def migration_settings(postgres_server: PostgresServer) -> MigrationSettings:
    return MigrationSettings(
        database_host=postgres_server.host,
        database_port=postgres_server.port,
        database_name=NAME,
        database_user=NAME,
        database_password=SecretStr(PASSWORD),
        database_sslmode="disable",
        database_admin_user=postgres_server.admin_user,
        database_admin_password=SecretStr(postgres_server.admin_password),
    )


@pytest.fixture(scope="session")
def migrated(migration_settings: MigrationSettings) -> URL:
    migrate(migration_settings, "event_service:migrations")
    host, port = migration_settings.database_host, migration_settings.database_port
    return URL.create("postgresql+psycopg", NAME, PASSWORD, host, port, NAME)


@pytest.fixture
def engine(migrated: URL) -> Iterator[Engine]:
    """Of empty tables, with the rights of the service."""
    engine = create_engine(migrated)
    with engine.begin() as connection:
        connection.execute(text("delete from notifications"))
        connection.execute(text("delete from outbox"))
    yield engine
    engine.dispose()
