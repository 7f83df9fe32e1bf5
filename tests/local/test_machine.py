"""What the container way asks Docker for; a script stands for Docker and writes it down."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from local.environment import PROJECT

STAND_IN = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$1 $*" in
  inspect*) echo "$RUNNING" ;;
  build*) exit "$BUILD_CODE" ;;
  image*) exit 1 ;;
  exec*stat*) echo 1000 ;;
  exec*shell) while [ "$1" != make ]; do shift; done; HERALD_WAY=native exec "$@" ;;
esac
"""


class Machine:
    def __init__(self, folder: Path) -> None:
        self.asked = folder / "asked"
        self.variables = {
            **{name: text for name, text in os.environ.items() if not name.startswith("HERALD_")},
            "PATH": f"{folder}:{os.environ['PATH']}",
            "ASKED": str(self.asked),
            "RUNNING": "true",
            "BUILD_CODE": "0",
        }
        (folder / "docker").write_text(STAND_IN)
        (folder / "docker").chmod(0o755)

    def run(self, *goals: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(PROJECT / "local" / "machine" / "run.sh"), *goals]
        everything = {**self.variables, **variables}
        return subprocess.run(command, env=everything, capture_output=True, text=True, check=False)

    def last(self) -> str:
        return self.asked.read_text().splitlines()[-1]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_goal_runs_as_the_owner(machine):
    assert machine.run("up", HERALD_PATIENCE="3").returncode == 0
    asked = machine.last()
    assert asked.startswith(f"exec --interactive --user 1000 --workdir {PROJECT} --env HERALD_PAT")
    assert asked.endswith(" make --no-print-directory up")


def make_shell(machine, **options):
    variables = {**machine.variables, "HERALD_WAY": "container", "SHELL": "/bin/sh"}
    command = ["make", "--silent", "shell"]
    return subprocess.run(command, cwd=PROJECT, env=variables, text=True, check=True, **options)


def test_shell_reads_commands_from_a_pipe(machine):
    script = 'echo "$HERALD_ENVIRONMENT"; command -v herald'
    shown = make_shell(machine, input=script, stdout=subprocess.PIPE).stdout
    assert shown.splitlines() == ["local", f"{PROJECT}/.venv/bin/herald"]
    assert "--tty" not in machine.last()


def test_shell_in_terminal_has_a_terminal(machine):
    ours, terminal = pty.openpty()
    os.write(ours, b"\x04")  # the end of the input: the shell ends
    make_shell(machine, stdin=terminal, stdout=terminal, stderr=terminal)
    assert machine.last().startswith("exec --interactive --tty --user 1000 ")
    os.close(ours)
    os.close(terminal)


def test_archive_of_programs_is_copied(machine, tmp_path):
    (tmp_path / "programs.tar.gz").touch()
    machine.run("up", HERALD_PROGRAMS=str(tmp_path / "programs.tar.gz"))
    copied, ran = machine.asked.read_text().splitlines()[-2:]
    assert copied.startswith(f"cp {tmp_path}/programs.tar.gz herald-")
    assert " --env HERALD_PROGRAMS=/tmp/programs.tar.gz " in ran


def test_address_of_programs_is_passed(machine):
    machine.run("up", HERALD_PROGRAMS="https://example.com/programs.tar.gz")
    assert " cp " not in machine.asked.read_text()
    assert " --env HERALD_PROGRAMS=https://example.com/programs.tar.gz " in machine.last()


def test_failing_image_build_is_one_sentence(machine):
    done = machine.run("up", RUNNING="", BUILD_CODE="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "make: the image of the machine could not be built; Docker's message is above\n"
    )
    assert not [line for line in machine.asked.read_text().splitlines() if line[:4] == "run "]


@pytest.mark.parametrize("running", ["", "false", "true"])
def test_clean_removes_volumes(machine, running):
    assert machine.run("clean", RUNNING=running).returncode == 0
    asked = machine.asked.read_text().splitlines()
    assert len([line for line in asked if line.startswith("rm --force herald-")]) == bool(running)
    assert [name.rpartition("-")[2] for name in asked[-1].split()] == [
        "volume", "rm", "force", "state", "venv", "machine",
    ]  # fmt: skip


@pytest.mark.parametrize("running", ["", "false", "true"])
def test_down_keeps_volumes(machine, running):
    assert machine.run("down", RUNNING=running).returncode == 0
    asked = machine.asked.read_text().splitlines()
    assert [line for line in asked if line.startswith("volume")] == []
    assert machine.last().startswith("rm --force herald-" if running else "inspect ")
