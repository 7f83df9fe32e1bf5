"""A PostgreSQL of one's own: made, started, stopped and removed again."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr
from service_runtime.settings import MigrationSettings

ADMIN, PASSWORD = "admin", "not-a-secret"


class NotInstalled(Exception):
    """PostgreSQL is not installed; install Debian's package postgresql."""


@dataclass(frozen=True)
class PostgresServer:
    port: int
    directory: Path
    host: str = "127.0.0.1"
    admin_user: str = ADMIN
    admin_password: str = PASSWORD

    def database(self, name: str) -> MigrationSettings:
        """Of a service whose database and role have one name, for its migration to make."""
        return MigrationSettings(
            database_host=self.host,
            database_port=self.port,
            database_name=name,
            database_user=name,
            database_password=SecretStr(PASSWORD),
            database_sslmode="disable",
            database_admin_user=self.admin_user,
            database_admin_password=SecretStr(self.admin_password),
        )

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

    def start(self) -> None:
        self._control("start")

    def stop_at_once(self) -> None:
        """As a crash does: connections are cut, and the next start recovers from the log."""
        self._control("stop", "-m", "immediate")

    def _control(self, action: str, *arguments: str) -> None:
        data, log = f"{self.directory}/data", f"{self.directory}/log"
        _run("pg_ctl", "-D", data, "-w", "-l", log, action, *arguments)


@contextmanager
def postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """Running, on a free port; `settings` go over those below."""
    directory = Path(tempfile.mkdtemp(prefix="herald-postgres-"))
    server = PostgresServer(_free_port(), directory)
    try:
        _initialise(directory)
        _configure(server, settings)
        server.start()
        yield server
    finally:
        if (directory / "data" / "postmaster.pid").exists():
            server.stop_at_once()
        shutil.rmtree(directory)


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


def _configure(server: PostgresServer, changes: dict[str, str]) -> None:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(server.port),
        "unix_socket_directories": str(server.directory),
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        **changes,
    }
    with (server.directory / "data" / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())


def _run(program: str, *arguments: str) -> None:
    command = [str(_programs() / program), *arguments]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")


def _programs() -> Path:
    """The newest installed PostgreSQL."""
    if found := sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")):
        return found[-1].parent
    if program := shutil.which("postgres"):
        return Path(program).parent
    raise NotInstalled(NotInstalled.__doc__)
