"""A PostgreSQL of one's own: made, started, stopped and removed again."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from pydantic import SecretStr
from service_runtime.settings import MigrationSettings
from sqlalchemy import URL, Engine

from local.postgresql import DataFolder, NotInstalled, free_port
from tests.waiting import eventually

__all__ = ["NotInstalled", "PostgresServer", "closing_engine", "postgres_server"]
ADMIN, PASSWORD = "admin", "not-a-secret"


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

    def variables(self, name: str) -> dict[str, str]:
        """Return how a service or its migration is told of this database."""
        return {
            "DATABASE_HOST": self.host,
            "DATABASE_PORT": str(self.port),
            "DATABASE_NAME": name,
            "DATABASE_USER": name,
            "DATABASE_PASSWORD": PASSWORD,
            "DATABASE_SSLMODE": "disable",
            "DATABASE_ADMIN_USER": self.admin_user,
            "DATABASE_ADMIN_PASSWORD": self.admin_password,
        }

    def url(self, database: str) -> URL:
        """Return the address of a database for the administrator."""
        login = self.admin_user, self.admin_password
        return URL.create("postgresql+psycopg", *login, self.host, self.port, database)

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
        DataFolder(self.directory).start()

    def stop_at_once(self) -> None:
        """As a crash does: connections are cut, and the next start recovers from the log."""
        DataFolder(self.directory).stop("immediate")


@contextmanager
def postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """Running, on a free port; `settings` go over those below."""
    directory = Path(tempfile.mkdtemp(prefix="herald-postgres-"))
    server, folder = PostgresServer(free_port(), directory), DataFolder(directory)
    try:
        folder.initialise(ADMIN, PASSWORD)
        folder.configure(
            {
                "listen_addresses": "127.0.0.1",
                "port": str(server.port),
                "unix_socket_directories": str(directory),
                "fsync": "off",
                "full_page_writes": "off",
                "max_connections": "200",
                **settings,
            }
        )
        server.start()
        yield server
    finally:
        if folder.is_started:
            server.stop_at_once()
        shutil.rmtree(directory)


@contextmanager
def closing_engine(engine: Engine) -> Iterator[Engine]:
    """Dispose of an engine once all threads returned their connections, which else stay open."""
    try:
        yield engine
    finally:
        eventually(lambda: engine.pool.checkedout() == 0)  # type: ignore[attr-defined]
        engine.dispose()
