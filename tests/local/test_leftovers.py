import os
import socket
import subprocess
import sys

import pytest

from local import leftovers
from local.environment import Environment


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def sleeper(**variables: str) -> subprocess.Popen[bytes]:
    script = "import signal, time; print(flush=True); time.sleep(60)"
    command = [sys.executable, "-c", script]
    process = subprocess.Popen(command, env=os.environ | variables, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def test_the_holder_of_a_port_is_named(listener):
    assert f"(pid {os.getpid()})" in leftovers.holder(listener)


def test_a_port_that_nobody_holds_has_no_holder(listener):
    assert leftovers.answers(listener)
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert not leftovers.answers(free)
    assert leftovers.holder(free) == "an unknown process"


def test_taken_ports_are_listed_by_name(tmp_path, listener):
    environment = Environment(tmp_path)
    environment.__dict__["ports"] = {"AWS_PORT": listener}
    assert leftovers.taken_ports(environment) == {"AWS_PORT": listener}


def test_only_marked_processes_are_found_and_ended(tmp_path):
    ours, theirs = sleeper(HERALD_STATE=str(tmp_path)), sleeper()
    try:
        assert leftovers.marked_processes(tmp_path) == [ours.pid]
        leftovers.end([ours.pid])
        assert ours.wait(timeout=5) != 0
        assert theirs.poll() is None
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()


def test_the_holder_of_another_checkout_is_named_with_its_state(tmp_path):
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); s.accept()"
    )
    marked = os.environ | {"HERALD_STATE": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", script], env=marked, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        shown = leftovers.holder(port)
        process.kill()
    assert shown == f"the environment in {tmp_path}; `make down` there ends it"


def test_nothing_shared_is_removed_while_another_environment_runs(tmp_path, monkeypatch):
    removed = []
    for name in ("remove_network", "remove_control_groups", "container_processes"):
        monkeypatch.setattr(leftovers, name, lambda name=name: removed.append(name) or [])
    theirs = sleeper(HERALD_STATE="/elsewhere/.local")
    try:
        monkeypatch.setattr(leftovers, "marks", lambda: {theirs.pid: "/elsewhere/.local"})
        leftovers.sweep(Environment(tmp_path))
        assert (removed, theirs.poll()) == ([], None)
        monkeypatch.setattr(leftovers, "marks", dict)
        leftovers.sweep(Environment(tmp_path))
        assert removed == ["container_processes", "remove_network", "remove_control_groups"]
    finally:
        theirs.kill()
        theirs.wait()
