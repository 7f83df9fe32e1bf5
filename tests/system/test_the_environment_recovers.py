"""What breaks in the local environment is restarted, shown, and provisioned again."""

import subprocess
import time

import pytest

from local.environment import PROJECT, Environment
from local.host import privileges
from local.supervisor import Process, Supervisor


@pytest.fixture(scope="module")
def supervisor() -> Supervisor:
    return Supervisor(Environment.from_variables())


def process(supervisor: Supervisor, name: str) -> Process:
    [found] = [each for each in supervisor.processes() if each.name == name]
    return found


def crash(supervisor: Supervisor, name: str) -> Process:
    """Kill a process; return it as it is when it has been restarted and is healthy."""
    before = process(supervisor, name)
    subprocess.run(privileges.command("kill", "-9", str(before.pid)), check=True)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        now = process(supervisor, name)
        if now.healthy and now.restarts == before.restarts + 1:
            return now
        time.sleep(0.3)
    raise AssertionError(f"{name} was not restarted: {process(supervisor, name)}")


def make_up() -> str:
    python = PROJECT / ".venv" / "bin" / "python"
    command = [str(python), "-m", "local", "up"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "name", ["scheduler", "proxy", pytest.param("inbox", marks=pytest.mark.disruptive)]
)
def test_crashed_process_is_restarted_and_shown(supervisor, name):
    crash(supervisor, name)
    status = subprocess.check_output(["make", "-s", "status"], cwd=PROJECT, text=True)
    [row] = [line.split() for line in status.splitlines() if line.startswith(f"{name} ")]
    assert row[1:4] == ["Running", "healthy", str(process(supervisor, name).restarts)]


def test_inspection_lists_what_runs():
    done = subprocess.run(
        ["make", "-s", "inspect"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    kinds = {line.split(" ")[0] for line in done.stdout.splitlines()}
    assert done.returncode == 2
    assert {"process", "mount", "bridge", "control", "iptables", "file"} <= kinds


def test_a_second_up_changes_nothing():
    assert "A reminder was delivered" not in make_up()


@pytest.mark.disruptive
def test_forgotten_resource_is_provisioned_again(supervisor):
    crash(supervisor, "aws")
    assert "A reminder was delivered" in make_up()
