"""The databases of the platform and a seed that replays a run."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import fields

import pytest
from service_runtime.migrations import migrate
from service_runtime.settings import DatabaseSettings
from sqlalchemy import Engine, create_engine, make_url, text

from tests.faults.observation import Stores
from tests.faults.platform import Databases
from tests.faults.soak import Soak
from tests.postgresql import (
    PASSWORD,
    NotInstalled,
    PostgresServer,
    closing_engine,
    postgres_server,
)

SEEDS = (1, 2)
OWNERS = {
    "reminders": "reminder_service",
    "notifications": "event_service",
    "devices": "notification_service",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, action="append", help="replay faults by these seeds only")
    for field in fields(Soak):
        meaning = f"{field.metadata['meaning']} of the soak test"
        parser.addoption(f"--{field.name}", type=int, default=field.default, help=meaning)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        given: Sequence[int] | None = metafunc.config.getoption("--seed", default=None)
        metafunc.parametrize("seed", given or SEEDS, ids=lambda seed: f"seed={seed}")


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Soak:
    """How much the soak test does, by the options of the command."""
    return Soak(**{one.name: request.config.getoption(f"--{one.name}") for one in fields(Soak)})


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """Of these tests alone, because they stop it."""
    with ExitStack() as running:
        try:
            yield running.enter_context(postgres_server())
        except NotInstalled as missing:
            pytest.skip(str(missing))


@pytest.fixture(scope="session")
def databases(server: PostgresServer) -> Databases:
    return Databases(**{name: _migrated(server, name) for name in OWNERS})


@pytest.fixture
def stores(databases: Databases) -> Iterator[Stores]:
    """The emptied databases, as a test looks at them."""
    stores = Stores(**{name: _engine(getattr(databases, name)) for name in OWNERS})
    _empty(stores.reminders, "reminders", "outbox")
    _empty(stores.notifications, "notifications", "outbox")
    _empty(
        stores.devices,
        "devices",
        "deliveries",
        "waiting_notifications",
        "preferences",
        "outbox",
        "digests",
    )
    with ExitStack() as stack:
        for engine in (stores.reminders, stores.notifications, stores.devices):
            stack.enter_context(closing_engine(engine))
        yield stores


def _migrated(server: PostgresServer, name: str) -> DatabaseSettings:
    settings = server.database(name)
    migrate(settings, f"{OWNERS[name]}:migrations")
    return DatabaseSettings(**settings.model_dump(include=set(DatabaseSettings.model_fields)))


def _engine(settings: DatabaseSettings) -> Engine:
    url = make_url("postgresql+psycopg://").set(
        username=settings.database_user,
        password=PASSWORD,
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name,
    )
    return create_engine(url, pool_pre_ping=True)


def _empty(engine: Engine, *tables: str) -> None:
    with engine.begin() as connection:
        for table in tables:
            connection.execute(text(f"delete from {table}"))
