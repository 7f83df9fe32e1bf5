"""A program that starts again when its sources change, and ends with its command."""

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from operations.warm_start import COMMON
from tests.waiting import eventually

COMMAND = """
import os, sys
from pathlib import Path
from operations.reloading import Program, interrupted_by_signals, run_reloading
folder = Path(sys.argv[1])
with interrupted_by_signals():
    run_reloading(Program("program", folder, dict(os.environ)), [folder])
print("restored", flush=True)
"""
PROGRAM = """
import os, pathlib, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("../started").write_text("{version} " + str(os.getpid()))
signal.pause()
"""


class Run:
    def __init__(self, folder: Path) -> None:
        self.sources, self.log = folder / "sources", folder / "log"
        self.started = folder / "started"
        self.sources.mkdir()
        self.write(PROGRAM.format(version=1))
        with self.log.open("w") as log:
            command = [sys.executable, "-c", COMMAND, str(self.sources)]
            variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # as users have it
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=variables)

    def write(self, text: str) -> None:
        (self.sources / "program.py").write_text(text)

    def pid(self, version: int) -> int:
        """Return the process id of a version, once it runs."""

        def found() -> str | None:
            said = self.started.read_text().split() if self.started.exists() else []
            return said[1] if said[:1] == [str(version)] and len(said) == 2 else None

        return int(eventually(found))

    def says(self, text: str) -> bool:
        return text in self.log.read_text()


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path)
    yield run
    run.process.kill()
    run.process.wait()


def test_common_packages_exist():
    assert [name for name in COMMON if find_spec(name) is None] == []


def is_gone(pid):
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.integration
def test_change_starts_the_program_again(run):
    first = run.pid(1)
    run.write(PROGRAM.format(version=2))
    assert run.pid(2) != first
    assert is_gone(first)
    run.write("raise SystemExit(3)")
    eventually(lambda: run.says("Ended with 3; a change starts it again."))
    run.write(PROGRAM.format(version=4))
    assert run.pid(4)


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_the_program(run, number):
    pid = run.pid(1)
    os.kill(pid, signal.SIGKILL)  # it ignores SIGTERM, and may take 10 seconds
    run.process.send_signal(number)
    assert run.process.wait(10) == 0
    assert run.says("restored")


@pytest.mark.integration
def test_killed_command_takes_the_program_along(run):
    pid = run.pid(1)
    run.process.kill()
    eventually(lambda: is_gone(pid))
