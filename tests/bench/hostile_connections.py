"""Measures an API under 200 hostile connections: `python -m tests.bench.hostile_connections`.

The table compares memory and the time of `/health/live` with the same process at rest. Each attack
sends as much as the process accepts: unauthenticated bodies, incomplete bodies, and endless
headers.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.measures import Series, show

CONNECTIONS = 200
SIZE = 1024 * 1024 - 1  # bytes of a body that `/bulk` accepts from an authenticated caller
PROBES = 100
SERVER = """
from service_runtime.api import create_api
from service_runtime.identity import AnyCaller
from service_runtime.process import HttpServer

app = create_api("Notes", live=lambda: True, ready=lambda: True, body_limits={"/bulk": 1048576})

@app.post("/bulk")
def create(note: dict[str, str], caller: AnyCaller) -> int:
    return len(note)

HttpServer(app, %d, host="127.0.0.1").run()
"""
HEAD = (
    b"POST /bulk HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n" % SIZE
)
KNOWN = b"x-authenticated-userid: user-%d\r\n"
STRING = b'{"a":"' + b"x" * (SIZE - 8) + b'"}'
ATTACKS = {
    "unauthenticated bodies": [HEAD + b"\r\n" + STRING] * CONNECTIONS,
    "incomplete bodies": [HEAD + KNOWN % at + b"\r\n" + STRING[:-1] for at in range(CONNECTIONS)],
    "complete bodies": [HEAD + KNOWN % at + b"\r\n" + STRING for at in range(CONNECTIONS)],
    "endless headers": [HEAD + b"long: " + b"x" * 60_000] * CONNECTIONS,
}


@contextmanager
def server() -> Iterator[tuple[int, str]]:
    """Run an API in a separate process; yield its process id and URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", SERVER % port], env=dict(os.environ)) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield process.pid, url
        finally:
            process.kill()


def probe(url: str) -> list[float]:
    """Return the seconds of health probes, each on a new connection like those of a kubelet."""
    taken = []
    for _ in range(PROBES):
        began = time.perf_counter()
        connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
        connection.close()
        if status != 200:
            raise SystemExit(f"Expected 200 from /health/live under attack; got {status}.")
        taken.append(time.perf_counter() - began)
    return taken


def peak_memory(pid: int) -> int:
    """Return the peak memory of the process in KiB."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM:")).split()[1])


def attack(url: str, requests: list[bytes]) -> list[socket.socket]:
    """Open all connections and send as much as each accepts, without waiting for an answer."""
    address = urlsplit(url)
    opened = []
    for request in requests:
        connection = socket.create_connection((address.hostname or "", address.port or 80))
        connection.setblocking(False)
        with suppress(BlockingIOError, ConnectionError):
            connection.send(request)
        opened.append(connection)
    return opened


def send_more(opened: list[socket.socket], requests: list[bytes]) -> None:
    """Send the next part; a server that stopped reading does not accept it."""
    for connection, request in zip(opened, requests, strict=True):
        with suppress(OSError):
            connection.send(request[64 * 1024 :])


def measure() -> list[Series]:
    rows = []
    with server() as (pid, url):
        rows.append(Series("at rest", probe(url), f"{peak_memory(pid) // 1024} MiB"))
    for name, requests in ATTACKS.items():
        with server() as (pid, url):
            before, opened = peak_memory(pid), attack(url, requests)
            send_more(opened, requests)
            taken = probe(url)
            remark = f"{peak_memory(pid) / before:.2f} times the memory at rest"
            rows.append(Series(f"{CONNECTIONS} {name}", taken, remark))
            for connection in opened:
                connection.close()
    return rows


if __name__ == "__main__":
    measured = measure()
    show(measured, base=measured[0])
