"""What the store of imports in PostgreSQL and the one in memory have in common."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from reminder_service.calendar.identity import Version
from reminder_service.calendar.store import (
    ImportChanged,
    Mark,
    MarkedReminder,
    PostgresImports,
    Write,
)
from reminder_service.errors import TooManyReminders
from reminder_service.store import PostgresReminders
from service_runtime.database import create_database_engine
from service_runtime.migrations import migrate
from service_runtime.settings import DatabaseSettings, MigrationSettings

from tests.postgresql import closing_engine
from tests.services.reminder_service.fakes import InMemoryReminders
from tests.services.reminder_service.imports_in_memory import InMemoryImports

STAMP = datetime(2029, 12, 1, 12, tzinfo=UTC)
MARK = Mark(("tea@example.com", ""), Version(1, STAMP), "f")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def stores(request, monkeypatch):
    """The imports and the reminders of the same store, at most 3 of a user."""
    if request.param == "memory":
        reminders = InMemoryReminders(per_user=3)
        yield InMemoryImports(reminders), reminders
        return
    for name, value in request.getfixturevalue("database").environment.items():
        monkeypatch.setenv(name, value)
    migrate(MigrationSettings(), "reminder_service:migrations")
    with closing_engine(create_database_engine(DatabaseSettings())) as engine:
        yield PostgresImports(engine, per_user=3), PostgresReminders(engine, per_user=3)


def write(reminder, key=MARK.key, before=None, **version):
    return Write(
        reminder, replace(MARK, key=key, version=Version(**{"sequence": 1, **version})), before
    )


def test_import_is_known_by_key(stores, made):
    imports, _ = stores
    reminder = made(rule="FREQ=DAILY", is_recurring=True, except_dates=(STAMP,))
    imports.save("user-1", [write(reminder, stamp=STAMP)])
    expected = {MARK.key: MarkedReminder(reminder, MARK)}
    assert imports.find("user-1", ["tea@example.com", "other"]) == expected
    assert imports.find("user-2", ["tea@example.com"]) == {}


def renamed(reminder):
    content = reminder.content.model_copy(update={"message": "Milk"})
    return replace(reminder, content=content, version=2)


def test_change_replaces_reminder_and_mark(stores, made):
    imports, reminders = stores
    before = made()
    after = renamed(before)
    imports.save("user-1", [write(before)])
    imports.save("user-1", [write(after, before=before, sequence=2)])
    assert reminders.find("user-1", before.id) == after
    assert imports.find("user-1", [MARK.key[0]])[MARK.key].mark.version == Version(2)


def test_export_finds_its_reminder(stores, made):
    imports, reminders = stores
    reminder = made(version=3)
    reminders.add([reminder])
    key = (str(reminder.id), "")
    version = Version(2, reminder.updated_at.replace(microsecond=0))
    assert imports.find("user-1", [key[0]]) == {
        key: MarkedReminder(reminder, Mark(key, version, ""))
    }


@pytest.mark.parametrize("change", ["changed", "imported", "deleted"])
def test_outdated_plan_writes_nothing(stores, made, change):
    imports, reminders = stores
    before, other = made(), made()
    imports.save("user-1", [write(before)])
    late = write(replace(before, version=2), before=before)
    if change == "imported":
        late = write(other)
    elif change == "deleted":
        reminders.remove("user-1", before.id, lambda reminder: None)
    else:
        reminders.change("user-1", before.id, renamed)
    held = reminders.page("user-1", 10, 0)
    with pytest.raises(ImportChanged):
        imports.save("user-1", [write(made(), key=("new", "")), late])
    assert reminders.page("user-1", 10, 0) == held


def test_deleted_reminder_is_forgotten(stores, made):
    imports, reminders = stores
    reminder = made()
    imports.save("user-1", [write(reminder)])
    reminders.remove("user-1", reminder.id, lambda one: None)
    assert imports.find("user-1", [MARK.key[0]]) == {}


def test_quota_holds_for_imports(stores, made):
    imports, _ = stores
    with pytest.raises(TooManyReminders):
        imports.save("user-1", [write(made(), key=(str(n), "")) for n in range(4)])


def test_latest_zone_is_that_of_newest(stores, made):
    _, reminders = stores
    assert reminders.latest_time_zone("user-1") is None
    later = STAMP + timedelta(days=365)
    reminders.add([made(time_zone="Asia/Tokyo", created_at=later), made(time_zone="UTC")])
    assert reminders.latest_time_zone("user-1") == "Asia/Tokyo"
