"""The secret address of a calendar."""

from datetime import UTC, datetime

import pytest
from reminder_service.calendar.subscriptions import PostgresSubscriptions, hash_of
from service_runtime.database import create_database_engine
from service_runtime.migrations import migrate
from service_runtime.settings import DatabaseSettings, MigrationSettings

from tests.postgresql import closing_engine
from tests.services.reminder_service.imports_in_memory import InMemorySubscriptions
from tests.services.reminder_service.test_api import problem

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def reader(app, client_of):
    """Calls without any header that names a user."""
    return client_of(app)


@pytest.fixture
def address(api, body):
    api.post("/reminders", json=body)
    answer = api.post("/reminders/calendar-subscription")
    assert answer.status_code == 201
    return answer.json()["url"]


def test_address_needs_no_headers(api, reader, address):
    answer = reader.get(address)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.content == api.get("/reminders/calendar.ics").content
    head = reader.head(address)
    assert (head.status_code, head.content) == (200, b"")


def test_address_is_not_kept(app, address):
    token = address.removeprefix("/reminders/calendars/").removesuffix(".ics")
    assert len(token) >= 43
    assert app.state.subscriptions.by_user == {"user-1": hash_of(token)}


def test_revoked_address_is_gone(api, reader, address):
    assert api.delete("/reminders/calendar-subscription").status_code == 204
    assert problem(reader.get(address)) == (404, "MISSING_SUBSCRIPTION")
    assert api.delete("/reminders/calendar-subscription").status_code == 204


def test_new_address_replaces_old_one(api, reader, address):
    new = api.post("/reminders/calendar-subscription").json()["url"]
    assert [reader.get(one).status_code for one in (address, new)] == [404, 200]


def test_address_has_bucket_of_its_own(api, reader, address):
    statuses = [reader.get(address).status_code for _ in range(51)]
    assert statuses == [200] * 50 + [429]
    assert api.get("/reminders").status_code == 200


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def subscriptions(request, monkeypatch):
    if request.param == "memory":
        yield InMemorySubscriptions()
        return
    for name, value in request.getfixturevalue("database").environment.items():
        monkeypatch.setenv(name, value)
    migrate(MigrationSettings(), "reminder_service:migrations")
    with closing_engine(create_database_engine(DatabaseSettings())) as engine:
        yield PostgresSubscriptions(engine)


def test_user_has_one_secret(subscriptions):
    subscriptions.put("user-1", b"1", NOW)
    subscriptions.put("user-2", b"2", NOW)
    subscriptions.put("user-1", b"3", NOW)
    subscriptions.remove("user-2")
    subscriptions.remove("user-3")
    assert [subscriptions.user_of(one) for one in (b"1", b"2", b"3")] == [None, None, "user-1"]
