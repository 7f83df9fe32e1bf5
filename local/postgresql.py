"""Runs a PostgreSQL server with its data in one folder."""

import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.environment import NOBODY, Environment


class NotInstalled(Exception):
    """No PostgreSQL server was found; run `make packages`."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def as_database_user() -> list[str]:
    """Return a command prefix for root, because PostgreSQL refuses to run as root."""
    return Environment().as_database().split() if os.geteuid() == 0 else []


def give_to_database_user(*paths: Path) -> None:
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, NOBODY, NOBODY)


def run_program(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, as another user if this is root."""
    folder = Environment().postgres_bin
    if not (folder / program).exists():
        raise NotInstalled(NotInstalled.__doc__)
    command = [*as_database_user(), str(folder / program), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")


@dataclass(frozen=True)
class DataFolder:
    """Represents the database cluster in `folder`/data, and the log of its server beside it."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def initialise(self, admin: str, password: str) -> None:
        """Create a database cluster whose superuser is `admin`."""
        file = self.folder / "password"
        file.write_text(password)
        give_to_database_user(self.folder, file)
        run_program("initdb", "-D", str(self.data), "-U", admin, "-A", "scram-sha-256",
                    "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C.UTF-8",
                    f"--pwfile={file}")  # fmt: skip

    def configure(self, settings: Mapping[str, str]) -> None:
        """Append settings; PostgreSQL uses the last value of a name."""
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self) -> None:
        self._control("start", "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; mode `immediate` stops it as a crash does."""
        self._control("stop", "-m", mode)

    @property
    def is_started(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def _control(self, action: str, *arguments: str) -> None:
        run_program("pg_ctl", "-D", str(self.data), "-w", action, *arguments)
