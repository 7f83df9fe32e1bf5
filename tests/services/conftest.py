"""A real PostgreSQL and an AWS emulator of the tests' own."""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import psycopg
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from psycopg import sql
from service_runtime.process import HttpServer
from sqlalchemy import URL
from starlette.types import ASGIApp

ADMIN, PASSWORD = "admin", "not-a-secret"
REGION = "eu-central-1"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class PostgresServer:
    port: int
    host: str = "127.0.0.1"
    admin_user: str = ADMIN
    admin_password: str = PASSWORD

    def execute(self, statement: str, *names: str) -> None:
        """Run one statement as the administrator; names replace its `{}`."""
        query = sql.SQL(statement).format(*map(sql.Identifier, names))
        with psycopg.connect(
            host=self.host,
            port=self.port,
            user=self.admin_user,
            password=self.admin_password,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(query)


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


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    directory = Path(tempfile.mkdtemp(prefix="herald-postgres-"))
    try:
        server = PostgresServer(_free_port())
        _initialise(directory)
        _control(directory, "start", "-o", _options(directory, server.port))
        yield server
    finally:
        _control(directory, "stop", "-m", "immediate", check=False)
        shutil.rmtree(directory)


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


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _initialise(directory: Path) -> None:
    password = directory / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        for path in (directory, password):
            shutil.chown(path, "postgres", "postgres")
    _run("initdb", "-D", f"{directory}/data", "-U", ADMIN, "-A", "scram-sha-256", "--no-sync",
         "--no-instructions", "-E", "UTF8", "--locale=C.UTF-8", f"--pwfile={password}")  # fmt: skip


def _options(directory: Path, port: int) -> str:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": directory,
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": 200,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _control(directory: Path, action: str, *arguments: str, check: bool = True) -> None:
    _run("pg_ctl", "-D", f"{directory}/data", "-w", "-l", f"{directory}/log", action, *arguments,
         check=check)  # fmt: skip


def _run(program: str, *arguments: str, check: bool = True) -> None:
    command = [str(_programs() / program), *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=check, stdout=subprocess.DEVNULL, cwd="/tmp")


def _programs() -> Path:
    """The newest installed PostgreSQL."""
    if found := sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return found[-1].parent
    if program := shutil.which("postgres"):
        return Path(program).parent
    pytest.skip("PostgreSQL is not installed; install Debian's package postgresql")
