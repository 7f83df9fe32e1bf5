"""The previous version works with the tables of this one.

A change that it cannot work with fails, unless the migration says since when versions can:
`COMPATIBLE_SINCE = {"reminders.url": "0.3.0"}` drops a column that 0.3.0 no longer uses.
"""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from packaging.version import Version as Number
from sqlalchemy import create_engine

from tests.postgresql import PostgresServer
from tests.upgrade.fleet import MIGRATED
from tests.upgrade.previous_version import NEW, Version
from tests.upgrade.schemas import Schema, breaking_changes, schema_of


@dataclass(frozen=True)
class Tables:
    """Tables of a service: as the older version made them, after an upgrade, and made anew."""

    old: Schema
    upgraded: Schema
    installed: Schema


@pytest.fixture(scope="module", params=MIGRATED)
def tables(request: pytest.FixtureRequest, server: PostgresServer, old: Version) -> Tables:
    package = request.param.replace("-", "_")
    upgraded, installed = f"upgraded_{package}", f"installed_{package}"
    return Tables(
        migrated(server, old, package, upgraded),
        migrated(server, NEW, package, upgraded),
        migrated(server, NEW, package, installed),
    )


def migrated(server: PostgresServer, version: Version, package: str, database: str) -> Schema:
    environment = {**os.environ, **server.variables(database), **version.environment}
    subprocess.run([sys.executable, "-m", package, "migrate"], env=environment, check=True)
    engine = create_engine(server.url(database))
    with engine.connect() as connection:
        schema = schema_of(connection)
    engine.dispose()
    return schema


@pytest.mark.integration
def test_previous_version_works_with_new_tables(tables: Tables, old: Version) -> None:
    breaking = breaking_changes(tables.old, tables.upgraded)
    accepted = [name for service in MIGRATED for name in accepted_changes(service, old)]
    assert {name: change for name, change in breaking.items() if name not in accepted} == {}


@pytest.mark.integration
def test_upgrade_makes_tables_of_an_installation(tables: Tables) -> None:
    assert tables.upgraded == tables.installed


@pytest.mark.parametrize("service", MIGRATED)
def test_released_migrations_stay_unchanged(service: str, old: Version) -> None:
    before = {file.name: code_of(file) for file in migrations(old, service).glob("*.py")}
    after = {file.name: code_of(file) for file in migrations(NEW, service).glob("*.py")}
    assert {name: after.get(name) for name in before} == before


def code_of(file: Path) -> str:
    """Return the code of a migration without its docstring, comments and layout."""
    module = ast.parse(file.read_text())
    return ast.dump(ast.Module(module.body[1:] if ast.get_docstring(module) else module.body, []))


def accepted_changes(service: str, old: Version) -> list[str]:
    """Return the changes of new migrations that versions since the old one can work with."""
    config = Config()
    config.set_main_option("script_location", str(migrations(NEW, service).parent))
    return [
        name
        for script in ScriptDirectory.from_config(config).walk_revisions()
        for name, since in getattr(script.module, "COMPATIBLE_SINCE", {}).items()
        if Number(since) <= Number(old.number)
    ]


def migrations(version: Version, service: str) -> Path:
    return version.services / service / service.replace("-", "_") / "migrations" / "versions"
