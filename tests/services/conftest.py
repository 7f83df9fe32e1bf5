"""A real PostgreSQL and an AWS emulator of the tests' own."""

import asyncio
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import botocore.session
import httpx
import pytest
import structlog
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from service_runtime.process import HttpServer
from sqlalchemy import URL
from starlette.types import ASGIApp

from tests import postgresql
from tests.postgresql import PASSWORD, PostgresServer
from tests.services.callers import WAYS, GatewayCallers, TokenCallers

REGION = "eu-central-1"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A database of one test, and the role that a service would use."""

    server: PostgresServer
    name: str
    user: str
    password: str = PASSWORD

    @property
    def admin_url(self) -> URL:
        return self._url(self.server.admin_user, self.server.admin_password)

    @property
    def url(self) -> URL:
        return self._url(self.user, self.password)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a service or its migration is told of this database."""
        return {
            "DATABASE_HOST": self.server.host,
            "DATABASE_PORT": str(self.server.port),
            "DATABASE_NAME": self.name,
            "DATABASE_USER": self.user,
            "DATABASE_PASSWORD": self.password,
            "DATABASE_SSLMODE": "disable",
            "DATABASE_ADMIN_USER": self.server.admin_user,
            "DATABASE_ADMIN_PASSWORD": self.server.admin_password,
        }

    def _url(self, user: str, password: str) -> URL:
        host, port = self.server.host, self.server.port
        return URL.create("postgresql+psycopg", user, password, host, port, self.name)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Undoes what a service that starts in this process sets up for its own."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    handlers, level, disabled = root.handlers[:], root.level, access.disabled
    yield
    root.handlers, root.level, access.disabled = handlers, level, disabled
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with ExitStack() as running:
        try:
            server = running.enter_context(postgresql.postgres_server())
        except postgresql.NotInstalled as missing:
            pytest.skip(str(missing))
        yield server


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """Empty; the role may connect and nothing else until a migration grants it more."""
    number = next(_numbers)
    database = Database(postgres_server, f"test_{number}", f"service_{number}")
    postgres_server.execute("create database {}", database.name)
    postgres_server.execute(f"create role {{}} login password '{PASSWORD}'", database.user)
    yield database
    postgres_server.execute("drop database if exists {} with (force)", database.name)
    postgres_server.execute("drop role if exists {}", database.user)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    server._server.server_close()  # type: ignore[union-attr]  # stop leaves the socket open


@pytest.fixture
def moto(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The emulator's endpoint, emptied; the environment's AWS clients use it."""
    httpx.post(f"{moto_server}/moto-api/reset").raise_for_status()
    for name, value in {
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return moto_server


@pytest.fixture
def aws(moto: str, aws_clients: Callable[[str], Any]) -> Callable[[str], Any]:
    """Clients of the emptied emulator: `aws("sqs")`."""
    return aws_clients


@pytest.fixture(scope="session")
def aws_clients(moto_server: str) -> Iterator[Callable[[str], Any]]:
    """One client a service: making one takes longer than most tests."""
    session, clients = botocore.session.get_session(), {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = session.create_client(
                service,
                REGION,
                endpoint_url=moto_server,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return clients[service]

    yield client
    for one in clients.values():
        one.close()


@pytest.fixture
def callers(request: pytest.FixtureRequest) -> GatewayCallers | TokenCallers:
    """Known by the gateway's headers, or as an indirect parameter says."""
    return WAYS[getattr(request, "param", "gateway")]()


@pytest.fixture
def serve() -> Iterator[Callable[[ASGIApp], httpx.Client]]:
    """Serves an application on a real port and gives a client of it."""
    with ExitStack() as stack:

        def start(app: ASGIApp) -> httpx.Client:
            server = HttpServer(app, 0, host="127.0.0.1")
            thread = threading.Thread(target=server.run)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.stop)
            while not server.started:
                assert thread.is_alive(), "the server ended at its start"
                time.sleep(0.005)
            url = f"http://127.0.0.1:{server.port}"
            return stack.enter_context(httpx.Client(base_url=url, timeout=10))

        yield start


class AppTransport(httpx.BaseTransport):
    """Answers a client's requests by an application, without a server or a thread of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._transport = httpx.ASGITransport(app)
        self._loop = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def answer() -> httpx.Response:
            response = await self._transport.handle_async_request(request)
            content = await response.aread()
            return httpx.Response(response.status_code, headers=response.headers, content=content)

        return self._loop.run(answer())

    def close(self) -> None:
        self._loop.close()


@pytest.fixture
def client_of() -> Iterator[Callable[..., httpx.Client]]:
    """Clients of applications: `client_of(app, headers=…)`."""
    with ExitStack() as clients:

        def client(app: ASGIApp, **options: Any) -> httpx.Client:
            one = httpx.Client(base_url="http://test", transport=AppTransport(app), **options)
            return clients.enter_context(one)

        yield client
