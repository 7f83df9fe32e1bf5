"""Starts, watches and stops the processes of processes.yaml through process-compose."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from local import patience
from local.environment import PROJECT, Environment
from local.errors import LocalError
from local.host.processes import MARK

START_TIMEOUT = 180  # seconds for all processes to become healthy
SOCKET_TIMEOUT = 15  # seconds for the supervisor to listen
FILE = PROJECT / "local" / "processes.yaml"


def process_names() -> list[str]:
    return list(yaml.safe_load(FILE.read_text())["processes"])


@dataclass(frozen=True)
class Process:
    name: str
    status: str
    healthy: bool
    restarts: int
    pid: int
    memory: int  # bytes
    age: float  # seconds

    @property
    def run(self) -> str:
        """Return the identity of this run of the process: pid and start in clock ticks."""
        started = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
        return f"{self.pid} {started}"


class Supervisor:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.variables = {
            **os.environ,
            **environment.shell(),
            **environment.variables(),
            MARK: str(environment.state),
            "PC_DISABLE_TUI": "1",
        }

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["process-compose", "--use-uds", "--unix-socket", str(self.environment.socket)]
        log = str(self.environment.state / "logs" / "supervisor.log")
        return subprocess.run(
            [str(self.environment.links / command[0]), *command[1:], "--log-file", log, *arguments],
            env=self.variables,
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> None:
        options = ("--disable-dotenv", "--ordered-shutdown", "--keep-project", "-D")
        names = [name for name in process_names() if self._is_ours(name)]
        done = self._call(*options, "-f", str(FILE), "up", *names)
        deadline = time.monotonic() + patience.stretch(SOCKET_TIMEOUT)
        while not done.returncode and not self.environment.socket.exists():
            if time.monotonic() > deadline:
                done.returncode = 1
            time.sleep(0.02)
        if done.returncode:
            raise LocalError(f"the supervisor did not start: {done.stdout}{done.stderr}".strip())

    def _is_ours(self, name: str) -> bool:
        return name not in self.environment.replaced_processes()

    def is_running(self) -> bool:
        path = self.environment.socket
        with socket.socket(socket.AF_UNIX) as client:
            return path.exists() and client.connect_ex(str(path)) == 0

    def stop(self) -> None:
        self._call("down")

    def processes(self) -> list[Process]:
        if not self.environment.socket.exists():
            return []
        done = self._call("process", "list", "-o", "json")
        if done.returncode:
            return []
        return [
            Process(
                name=row["name"],
                status=row["status"],
                healthy=row["is_ready"] == "Ready",
                restarts=row["restarts"],
                pid=row["pid"],
                memory=row.get("mem", 0),
                age=row["system_time"]
                if isinstance(row["system_time"], float)
                else row["age"] / 1e9,
            )
            for row in json.loads(done.stdout)
            if self._is_ours(row["name"])
        ]

    def wait(self, report: Callable[[Process], None]) -> dict[str, Process]:
        """Wait until every process is healthy; call `report` for each, and return all by name."""
        timeout = patience.stretch(START_TIMEOUT)
        deadline, seen = time.monotonic() + timeout, set[str]()
        while time.monotonic() < deadline:
            processes = self.processes()
            for process in processes:
                if process.healthy and process.name not in seen:
                    seen.add(process.name)
                    report(process)
            if processes and len(seen) == len(processes):
                return {process.name: process for process in processes}
            time.sleep(0.3)
        sick = ", ".join(sorted(p.name for p in self.processes() if p.name not in seen))
        raise LocalError(
            f"{sick} did not become healthy within {timeout:.0f} s;"
            f" see `make logs` or {self.environment.state}/logs"
        )
