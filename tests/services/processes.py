"""Services as processes of their own, as a pod starts them."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx
from service_runtime.settings import DatabaseSettings

Start = Callable[..., tuple["subprocess.Popen[bytes]", str]]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def database_variables(settings: DatabaseSettings) -> dict[str, str]:
    names = set(DatabaseSettings.model_fields) - {"database_password"}
    told = {name.upper(): str(getattr(settings, name)) for name in names}
    return told | {"DATABASE_PASSWORD": settings.database_password.get_secret_value()}


@contextmanager
def processes(package: str, environment: Mapping[str, str]) -> Iterator[Start]:
    """Starts the service, with variables changed by name; gives the process and its address."""
    started = []

    def start(**changes: str) -> tuple["subprocess.Popen[bytes]", str]:
        port = free_port()
        ports = {"HTTP_PORT": str(port), "METRICS_PORT": str(free_port())}
        process = subprocess.Popen(
            [sys.executable, "-m", package],
            env={**os.environ, **environment, **ports, **changes},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process, f"http://127.0.0.1:{port}"

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.communicate()


def status(url: str) -> int:
    """Of the answer; 0 when none came."""
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return 0
