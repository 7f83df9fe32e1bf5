"""The pods of all services as processes; those of two versions may run side by side."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.services.processes import free_port, status
from tests.upgrade import loaded_services
from tests.upgrade.previous_version import Version
from tests.waiting import eventually

SERVICES = ("reminder-service", "event-service", "notification-scheduler", "notification-service")
MIGRATED = ("reminder-service", "event-service", "notification-service")
PATIENCE = 180  # seconds; a start takes one on an idle machine


class Loaded:
    """The code of one version in a process that forks for each command."""

    def __init__(self, version: Version) -> None:
        self._process = subprocess.Popen(
            [sys.executable, loaded_services.__file__],
            env=os.environ | version.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        files = self._answer().values()
        assert all(Path(file).is_relative_to(version.services) for file in files), files

    def run(self, command: list[str], environment: Mapping[str, str], log: Path) -> int:
        """Start a command of the version; return its process id."""
        request = {"command": command, "environment": environment, "log": str(log)}
        return int(self._ask(request))

    def exit_code(self, pid: int, *, wait: bool) -> int | None:
        code: int | None = self._ask({"pid": pid, "wait": wait})
        return code

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin
        self._process.stdin.write(f"{json.dumps(request)}\n".encode())
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


@dataclass(frozen=True)
class Pod:
    service: str
    version: Version
    pid: int
    url: str
    log: Path


class Fleet:
    """Starts and stops pods. `settings` has the variables of each service."""

    def __init__(
        self, settings: Mapping[str, Mapping[str, str]], logs: Path, chance: random.Random
    ) -> None:
        self._settings, self._logs, self._chance = settings, logs, chance
        self._loaded: dict[Version, Loaded] = {}
        self._pods: list[Pod] = []
        self._started = 0

    def load(self, *versions: Version) -> None:
        for version in versions:
            self._loaded[version] = Loaded(version)

    def url(self, service: str) -> str:
        """Return the address of any pod of the service that takes requests."""
        return self._chance.choice([one.url for one in self._pods if one.service == service])

    def migrate(self, version: Version) -> None:
        for pod in [self._start(version, name, "migrate") for name in MIGRATED]:
            self._check_exit(pod)

    def start(self, version: Version) -> None:
        started = [self._start(version, service) for service in SERVICES]
        try:
            for pod in started:
                eventually(lambda pod=pod: self._is_ready(pod), PATIENCE)
        finally:
            self._pods = [*self._pods, *started]

    def stop(self, version: Version) -> None:
        """Take the pods of a version out of use, and end them as a cluster does."""
        ending = [one for one in self._pods if one.version == version]
        self._pods = [one for one in self._pods if one.version != version]
        for pod in ending:
            self._check_running(pod)
            os.kill(pod.pid, signal.SIGTERM)
        for pod in ending:
            self._check_exit(pod)

    def close(self) -> None:
        for pod in self._pods:
            os.kill(pod.pid, signal.SIGKILL)
        for loaded in self._loaded.values():
            loaded.close()

    def _is_ready(self, pod: Pod) -> bool:
        self._check_running(pod)
        return status(f"{pod.url}/health/ready") == 200

    def _check_running(self, pod: Pod) -> None:
        code = self._loaded[pod.version].exit_code(pod.pid, wait=False)
        assert code is None, f"{pod.log.name} ended with {code}:\n{pod.log.read_text()}"

    def _check_exit(self, pod: Pod) -> None:
        code = self._loaded[pod.version].exit_code(pod.pid, wait=True)
        assert code == 0, f"{pod.log.name} ended with {code}:\n{pod.log.read_text()}"

    def _start(self, version: Version, service: str, *arguments: str) -> Pod:
        self._started += 1
        log = self._logs / f"{self._started:02}-{version.name}-{service}.log"
        port = free_port()
        ports = {"HTTP_PORT": str(port), "METRICS_PORT": str(free_port())}
        command = [service.replace("-", "_"), *arguments]
        pid = self._loaded[version].run(command, {**self._settings[service], **ports}, log)
        return Pod(service, version, pid, f"http://127.0.0.1:{port}", log)


@contextmanager
def fleet(
    settings: Mapping[str, Mapping[str, str]], logs: Path, chance: random.Random
) -> Iterator[Fleet]:
    pods = Fleet(settings, logs, chance)
    try:
        yield pods
    finally:
        pods.close()


def wait_for_answer(url: str) -> None:
    def answers() -> bool:
        try:
            return httpx.get(url).is_success
        except httpx.TransportError:
            return False

    eventually(answers, PATIENCE)
