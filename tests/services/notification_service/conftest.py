import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from service_runtime.database import create_database_engine
from service_runtime.migrations import migrate
from service_runtime.process import HttpServer
from service_runtime.settings import MigrationSettings
from sqlalchemy import Engine, text

TABLES = (
    "devices",
    "deliveries",
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
        end = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server, thread in running:
        server.stop()
        thread.join(10)


class AppTransport(httpx.BaseTransport):
    """Answers a client's requests by an application, without a server."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def answer() -> httpx.Response:
            response = await self._transport.handle_async_request(request)
            content = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=content)

        return asyncio.run(answer())


@pytest.fixture
def client_of() -> Iterator[Callable[..., httpx.Client]]:
    """Clients of applications: `client_of(app, headers=…)`."""
    clients: list[httpx.Client] = []

    def client(app: Any, **options: Any) -> httpx.Client:
        transport = AppTransport(app)
        clients.append(httpx.Client(base_url="http://test", transport=transport, **options))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


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
    engine = create_database_engine(devices_database)
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"delete from {table}"))
    yield engine
    engine.dispose()
