"""Runs PostgreSQL servers for the emulated RDS, with point-in-time recovery.

Each server archives its write-ahead log. From a copy of its first data and this archive, the data
of any later moment can be restored.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from local import patience
from local.postgresql import DataFolder, as_database_user, free_port, give_to_database_user

HOST = "127.0.0.1"
SUPERUSER = "rdsadmin"  # as in RDS, the administrator of an instance is not a superuser
SECONDS = 60  # timeout to archive the log or to recover


class ServerError(Exception):
    """Reports that a server of the emulator failed."""


@dataclass(frozen=True)
class Server:
    """Represents a server; `first` is a copy of its data before any change."""

    folder: Path
    port: int

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def first(self) -> Path:
        return self.folder / "first"

    @property
    def postgres(self) -> DataFolder:
        return DataFolder(self.folder)

    def start(self, **settings: str) -> None:
        own = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": "200",
            "archive_mode": "on",
            "archive_command": f"cp %p {self.archive}/%f",
        }
        self.postgres.configure({**own, **settings})
        self.postgres.start()

    def restart(self) -> None:
        """Cut all connections, and start with the same settings."""
        self.postgres.stop()
        self.postgres.start()

    @contextmanager
    def connection(self) -> Iterator[Any]:
        import psycopg

        with psycopg.connect(
            host=HOST, port=self.port, user=SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            yield connection

    def answer(self, query: str) -> Any:
        with self.connection() as connection:
            return connection.execute(query).fetchone()[0]

    def set_administrator(self, user: str, password: str) -> None:
        """Create the administrator, or change the password of the existing one."""
        from psycopg import sql

        name, secret = sql.Identifier(user), sql.Literal(password)
        known = sql.SQL("select count(*) from pg_roles where rolname = {}")
        with self.connection() as connection:
            found = connection.execute(known.format(sql.Literal(user))).fetchone()[0]
            change = sql.SQL("alter role {} password {}" if found else CREATE_ADMINISTRATOR)
            connection.execute(change.format(name, secret))

    def archive_now(self) -> None:
        """Archive the log up to now."""
        self.answer("select pg_current_xact_id()::text")
        segment = self.answer("select pg_walfile_name(pg_switch_wal())")
        wait_until((self.archive / segment).exists, f"{self.folder.name} archives {segment}")

    def is_recovered(self) -> bool:
        return not self.answer("select pg_is_in_recovery()")


CREATE_ADMINISTRATOR = "create role {} login createdb createrole password {}"


class Servers:
    """Manages the servers of an emulator by their identifiers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, Server] = {}

    def create(self, identifier: str) -> Server:
        server = self._new(identifier)
        server.postgres.initialise(SUPERUSER, "unused")
        authentication = server.folder / "data" / "pg_hba.conf"
        trusted = f"host all {SUPERUSER} {HOST}/32 trust\n"
        authentication.write_text(trusted + authentication.read_text())
        return self._start(server)

    def restore(self, source: str, identifier: str, moment: datetime | None) -> Server:
        """Create a server with the data of `source` at a moment, by default now."""
        origin, server = self.running[source], self._new(identifier)
        origin.archive_now()
        copy_tree(origin.first, server.folder / "data")
        signal = server.folder / "data" / "recovery.signal"
        signal.touch()
        give_to_database_user(signal)
        server.start(
            restore_command=f"cp {origin.archive}/%f %p",
            recovery_target_time="" if moment is None else moment.isoformat(),
            recovery_target_action="promote",
        )
        wait_until(server.is_recovered, f"{identifier} recovers")
        server.postgres.stop()
        return self._start(server)

    def restore_snapshot(self, snapshot: str, identifier: str) -> Server:
        server = self._new(identifier)
        copy_tree(self._snapshot(snapshot), server.folder / "data")
        return self._start(server)

    def take_snapshot(self, identifier: str, snapshot: str) -> None:
        server = self.running[identifier]
        server.postgres.stop()
        copy_tree(server.folder / "data", self._snapshot(snapshot))
        server.start()

    def delete(self, identifier: str) -> None:
        server = self.running.pop(identifier)
        server.postgres.stop()
        shutil.rmtree(server.folder)

    def stop_all(self) -> None:
        for server in self.running.values():
            server.postgres.stop("immediate")

    def _snapshot(self, name: str) -> Path:
        return self.folder / f"snapshot-{name}"

    def _new(self, identifier: str) -> Server:
        server = Server(self.folder / identifier, free_port())
        server.archive.mkdir(parents=True)
        give_to_database_user(self.folder, server.folder, server.archive)
        return server

    def _start(self, server: Server) -> Server:
        copy_tree(server.folder / "data", server.first)
        server.start()
        self.running[server.folder.name] = server
        return server


def copy_tree(source: Path, target: Path) -> None:
    subprocess.run([*as_database_user(), "cp", "-a", str(source), str(target)], check=True)


def wait_until(condition: Callable[[], bool], goal: str) -> None:
    """Wait for a condition; `goal` completes the sentence of the error."""
    timeout = patience.stretch(SECONDS)
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(f"Expected that {goal} within {timeout:.0f} s, but it did not.")
        time.sleep(0.05)
