"""Migrations since the previous version contain only statements that it can live with."""

import importlib
from collections.abc import Mapping
from types import ModuleType

import pytest

from tests.upgrade.fleet import MIGRATED
from tests.upgrade.previous_version import NEW, Version
from tests.upgrade.statements import breaking_statements, statements_of
from tests.upgrade.test_compatible_migrations import migrations

GOOD = [
    "create table notes (id uuid primary key, text text not null unique)",
    "create unique index notes_text on notes (text)",
    "create trigger changed after insert on notes execute function notify()",
    "drop index concurrently if exists reminders_age",
    "create index concurrently reminders_age on reminders (created_at)",
    "alter table reminders add column url text, add column size integer not null default 0",
    "alter table reminders add column seen boolean default false not null",
    "alter table reminders set (fillfactor = 70)",
    "update reminders set size = 1",
]


def new_migrations(service: str, old: Version) -> Mapping[str, ModuleType]:
    released = {file.name for file in migrations(old, service).glob("*.py")}
    package = f"{service.replace('-', '_')}.migrations.versions"
    return {
        file.stem: importlib.import_module(f"{package}.{file.stem}")
        for file in migrations(NEW, service).glob("0*.py")
        if file.name not in released
    }


@pytest.mark.parametrize("service", MIGRATED)
def test_previous_version_lives_with_new_statements(service: str, old: Version) -> None:
    broken = {
        name: list(breaking_statements(statements_of(migration), accepted_by(migration)))
        for name, migration in new_migrations(service, old).items()
    }
    assert broken == dict.fromkeys(broken, [])


def accepted_by(migration: ModuleType) -> Mapping[str, str]:
    return getattr(migration, "COMPATIBLE_SINCE", {})


@pytest.mark.parametrize("service", MIGRATED)
def test_every_migration_is_read_without_server(service: str) -> None:
    package = f"{service.replace('-', '_')}.migrations.versions"
    for file in migrations(NEW, service).glob("0*.py"):
        assert statements_of(importlib.import_module(f"{package}.{file.stem}"))


def test_additions_are_allowed() -> None:
    assert list(breaking_statements(GOOD, {})) == []


@pytest.mark.parametrize(
    "statement",
    [
        "drop table reminders",
        "alter table reminders rename to tasks",
        "alter table reminders drop column url",
        "alter table reminders rename column url to link",
        "alter table reminders alter column url type integer",
        "alter table reminders alter column url set not null",
        "alter table reminders alter column url drop not null",
        "alter table reminders add column size integer not null",
        "alter table reminders add column size integer, drop column url",
        "alter table reminders add column token text unique",
        "alter table reminders add constraint size_check check (size > 0)",
        "create unique index reminders_url on reminders (url)",
        "create trigger changed after insert on reminders execute function notify()",
        "drop index reminders_age",
        "drop index if exists reminders_url",
        "delete from reminders",
    ],
)
def test_change_of_existing_table_is_found(statement: str) -> None:
    assert list(breaking_statements([*GOOD, statement], {})) == [statement]


def test_named_change_is_accepted() -> None:
    dropped = "alter table reminders drop column url"
    assert list(breaking_statements([dropped], {"reminders.url": "0.3.0"})) == []
    assert list(breaking_statements([dropped], {"devices.url": "0.3.0"})) == [dropped]
