import os
import signal
import socket
import subprocess
import sys

import pytest

from local import leftovers
from local.__main__ import down
from local.environment import Environment


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def sleeper(called: str = sys.executable, **variables: str) -> subprocess.Popen[bytes]:
    script = "import signal, time; print(flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [called, "-c", script],
        executable=sys.executable,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
    )
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


def test_engines_and_plugins_of_an_environment_are_ended_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "marks", lambda: {1: "/elsewhere/.local"})
    state, home = tmp_path / "ours", tmp_path / "ours" / "pulumi"
    plugin = f"{home}/plugins/resource-kubernetes-v4.34.2/pulumi-resource-kubernetes"
    other_plugin = plugin.replace("/ours/", "/theirs/")
    ours = [sleeper("pulumi", PULUMI_HOME=str(home)), sleeper(plugin)]
    theirs = [sleeper("pulumi", PULUMI_HOME="/root/.pulumi"), sleeper(other_plugin)]
    theirs.append(sleeper(PULUMI_HOME=str(home)))  # such as the user's shell
    try:
        found = set(leftovers.engine_processes(state))
        leftovers.sweep(Environment(state))
        assert found == {process.pid for process in ours}
        assert [process.wait(timeout=5) for process in ours] == [-signal.SIGTERM] * 2
        assert [process.poll() for process in theirs] == [None] * 3
    finally:
        for process in (*ours, *theirs):
            process.kill()
            process.wait()


def test_the_containers_of_another_environment_outlive_a_down_beside_it(tmp_path, monkeypatch):
    container = sleeper()
    try:
        monkeypatch.setattr(leftovers, "container_processes", lambda: [container.pid])
        monkeypatch.setattr(leftovers, "marks", lambda: {1: "/elsewhere/.local"})
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "process-compose").touch()
        down(Environment(tmp_path))
        assert container.poll() is None
    finally:
        container.kill()
        container.wait()


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
