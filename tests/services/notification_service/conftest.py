import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from service_runtime.database import create_database_engine
from service_runtime.migrations import migrate
from service_runtime.process import HttpServer
from service_runtime.settings import MigrationSettings
from sqlalchemy import Engine, text

from tests.postgresql import closing_engine

TABLES = (
    "devices",
    "deliveries",
    "waiting_notifications",
    "suppressed_addresses",
    "preferences",
    "digest_items",
    "digests",
    "outbox",
)

Serve = Callable[[Any], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves applications on free ports until the test ends; returns their addresses."""
    running: list[tuple[HttpServer, threading.Thread]] = []

    def start(app: Any) -> str:
        server = HttpServer(app, 0, host="127.0.0.1", grace=1)
        thread = threading.Thread(target=server.run, daemon=True)
        running.append((server, thread))
        thread.start()
        end = time.monotonic() + 60
        while not server.started:
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, thread in running:
        server.stop()
        thread.join(60)


@pytest.fixture(scope="module")
def devices_database(postgres_server: Any) -> Iterator[MigrationSettings]:
    """A migrated database; the migration makes role and database as it does for a new stack."""
    server, name = postgres_server, f"devices_{uuid4().hex[:8]}"
    settings = server.database(name)
    migrate(settings, "notification_service:migrations")
    yield settings
    server.execute("drop database {} with (force)", name)
    server.execute("drop role {}", name)


@pytest.fixture
def engine(devices_database: MigrationSettings) -> Iterator[Engine]:
    """The emptied database, as the service's own role sees it."""
    with closing_engine(create_database_engine(devices_database)) as engine:
        with engine.begin() as connection:
            for table in TABLES:
                connection.execute(text(f"delete from {table}"))
        yield engine
