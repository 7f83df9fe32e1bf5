"""A migrated database with an outbox and buckets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from service_runtime.database import create_database_engine
from service_runtime.migrations import migrate
from service_runtime.settings import DatabaseSettings, MigrationSettings
from sqlalchemy import Engine, text

from tests.postgresql import closing_engine

ENVIRONMENT = """
from service_runtime.migrations import run_migrations
run_migrations()
"""
FIRST = """
from alembic import op
from service_runtime.outbox import outbox_table
from service_runtime.rate_limit import TABLE
from service_runtime.refused_events import TABLE as REFUSED
from sqlalchemy import MetaData
revision, down_revision = "0001", None
def upgrade():
    op.execute("create table notes (id bigint generated always as identity, text text)")
    op.execute(TABLE)
    op.execute(REFUSED)
    outbox_table(MetaData()).create(op.get_bind())
"""


@pytest.fixture
def script_location(tmp_path: Path) -> Path:
    """A folder of migrations with one revision."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "env.py").write_text(ENVIRONMENT)
    (versions / "0001_notes.py").write_text(FIRST)
    return versions.parent


@pytest.fixture
def migration(database: Any) -> MigrationSettings:
    environment = {name.lower(): value for name, value in database.environment.items()}
    return MigrationSettings.model_validate(environment)


@pytest.fixture
def settings(migration: MigrationSettings) -> DatabaseSettings:
    """What the service itself is told."""
    environment = migration.model_dump(exclude={"database_admin_user", "database_admin_password"})
    return DatabaseSettings.model_validate(environment)


@pytest.fixture
def engine(
    migration: MigrationSettings, settings: DatabaseSettings, script_location: Path
) -> Iterator[Engine]:
    """The service's own engine on the migrated database."""
    migrate(migration, str(script_location))
    with closing_engine(create_database_engine(settings)) as engine:
        yield engine


@pytest.fixture
def count(engine: Engine) -> Callable[[str], int]:
    """How many rows of the outbox match a condition."""

    def count(condition: str) -> int:
        with engine.connect() as connection:
            found = connection.scalar(text(f"select count(*) from outbox where {condition}"))
        return int(found or 0)

    return count
