"""Processes: started as a user starts them, ended by a signal."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from service_runtime.probes import health_app
from service_runtime.process import HttpServer, Process

SERVICE = """
import sys, threading, time
from service_runtime.logs import configure_logs
from service_runtime.probes import health_app
from service_runtime.process import HttpServer, run_process

class Loop:
    def __init__(self): self.stopping = threading.Event()
    def run(self):
        sys.stdout.write("running\\n")
        sys.stdout.flush()
        {body}
    def stop(self): self.stopping.set()

configure_logs("test")
app = health_app(lambda: True, lambda: True)
run_process(HttpServer(app, {port}, host="127.0.0.1", drain={drain}), Loop(), grace={grace})
"""


class Loop:
    """A part that ends when told to, or at once with an error."""

    def __init__(self, error: BaseException | None = None, ends: bool = False) -> None:
        self.error, self.ends, self.stopping = error, ends, threading.Event()

    def run(self) -> None:
        if self.error:
            raise self.error
        if not self.ends:
            self.stopping.wait(10)

    def stop(self) -> None:
        self.stopping.set()


def test_sigterm_ends_process_successfully() -> None:
    loops = [Loop(), Loop()]
    process = Process(loops)
    threading.Timer(0.05, process.stop).start()
    assert process.run() == 0
    assert all(loop.stopping.is_set() for loop in loops)


@pytest.mark.parametrize(
    "ending", [Loop(error=RuntimeError("broken")), Loop(error=SystemExit(0)), Loop(ends=True)]
)
def test_ended_part_fails_the_process(ending: Loop) -> None:
    other = Loop()
    assert Process([other, ending]).run() == 1
    assert other.stopping.is_set()


def test_last_parts_stop_after_the_others() -> None:
    ended: list[str] = []

    class Named(Loop):
        def __init__(self, name: str, seconds: float) -> None:
            super().__init__()
            self.name, self.seconds = name, seconds

        def run(self) -> None:
            super().run()
            time.sleep(self.seconds)
            ended.append(self.name)

    last = Named("relay", 0)
    process = Process([Named("server", 0.3), Named("consumer", 0.1)], after=[last])
    threading.Timer(0.05, process.stop).start()
    assert process.run() == 0
    assert ended == ["consumer", "server", "relay"]


def test_last_parts_have_time_despite_hangs() -> None:
    deaf, last = Deaf(), Loop()
    process = Process([deaf], after=[last], grace=0.4)
    process.stop()
    assert process.run() == 1
    assert last.stopping.is_set()
    deaf.stopping.set()


def test_ended_last_part_ends_process() -> None:
    other = Loop()
    assert Process([other], after=[Loop(ends=True)]).run() == 1
    assert other.stopping.is_set()


class Deaf(Loop):
    running = False

    def run(self) -> None:
        self.running = True
        super().run()
        self.running = False

    def stop(self) -> None:
        pass


def test_part_without_timely_end_fails() -> None:
    deaf = Deaf()
    process = Process([deaf], grace=0.1)
    process.stop()
    assert process.run() == 1
    assert deaf.running
    deaf.stopping.set()


def test_occupied_port_fails() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        app = health_app(lambda: True, lambda: True)
        server = HttpServer(app, holder.getsockname()[1], host="127.0.0.1")
        assert Process([server]).run() == 1


class Service:
    """A process of its own."""

    def __init__(self, body: str, grace: float = 5, drain: float = 0) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        program = SERVICE.format(body=body, port=port, grace=grace, drain=drain)
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        written = ""
        while (line := self.process.stdout.readline()) != "running\n":  # the server writes as well
            written += line
            assert line, written

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """The exit code and what was written."""
        os.kill(self.process.pid, number)
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output


@pytest.fixture
def services() -> Iterator[list[Service]]:
    started: list[Service] = []
    yield started
    for service in started:
        service.process.kill()
        service.process.communicate()


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_service_answers_until_signal(services: list[Service], number: int) -> None:
    service = Service("self.stopping.wait()")
    services.append(service)
    assert eventually_answers(f"{service.url}/health/live") == 200
    code, output = service.end(number)
    assert code == 0
    assert "Traceback" not in output


@pytest.mark.integration
def test_hanging_thread_does_not_keep_process(services: list[Service]) -> None:
    service = Service("[time.sleep(1) for _ in range(60)]", grace=0.5)
    services.append(service)
    assert eventually_answers(f"{service.url}/health/ready") == 200
    code, output = service.end()  # waits 30 s at most, and the loop has 60
    assert code == 1
    assert '"parts": ["Loop"]' in output


@pytest.mark.integration
def test_stopping_service_answers_unready(
    services: list[Service],
) -> None:
    service = Service("self.stopping.wait()", drain=1)
    services.append(service)
    with httpx.Client(base_url=service.url) as kept:
        eventually_answers(f"{service.url}/health/ready")
        assert kept.get("/health/ready").status_code == 200
        os.kill(service.process.pid, signal.SIGTERM)
        while httpx.get(f"{service.url}/health/ready").status_code == 200:
            pass
        refused, answered = kept.get("/health/ready"), httpx.get(f"{service.url}/health/live")
    assert (refused.status_code, refused.json()["reason"]) == (503, "the service is stopping")
    assert (answered.status_code, answered.headers["connection"]) == (200, "close")
    assert service.process.wait(60) == 0


@pytest.mark.integration
def test_stopping_service_drops_no_request(services: list[Service]) -> None:
    service = Service("self.stopping.wait()", drain=1.5)
    services.append(service)
    eventually_answers(f"{service.url}/health/live")
    with httpx.Client(base_url=service.url) as client:
        os.kill(service.process.pid, signal.SIGTERM)
        end = time.monotonic() + 0.5  # by then a cluster sends nothing here any more
        while time.monotonic() < end:
            assert client.get("/health/live").status_code == 200


def eventually_answers(url: str) -> int:
    end = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url).status_code
        except httpx.ConnectError:
            assert time.monotonic() < end
            time.sleep(0.02)
