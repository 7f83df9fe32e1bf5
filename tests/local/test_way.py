"""`make` picks the machine or a container, and says what is wrong with a choice."""

import os
import subprocess
from pathlib import Path

import pytest

from local.environment import PROJECT, Environment


@pytest.fixture
def way(tmp_path):
    """Runs way.sh on a machine with the named programs; a script may answer for each."""

    def run(*programs: str, choice: str = "", **scripts: str) -> subprocess.CompletedProcess[str]:
        for name, script in {**dict.fromkeys(programs, "exit 0"), **scripts}.items():
            put(tmp_path, name, script)
        variables = {"PATH": str(tmp_path)} | ({"HERALD_WAY": choice} if choice else {})
        command = ["/bin/sh", str(PROJECT / "local" / "machine" / "way.sh")]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    return run


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


LINUX, MAC, ROOT, USER = "echo Linux", "echo Darwin", "echo 0", "echo 1000"
CASES = {
    "Debian as root": ({"uname": LINUX, "id": ROOT, "apt-get": "exit 0"}, "native"),
    "Debian with sudo": ({"uname": LINUX, "id": USER, "apt-get": "", "sudo": ""}, "native"),
    "Debian without sudo": ({"uname": LINUX, "id": USER, "apt-get": "", "docker": ""}, "container"),
    "Fedora": ({"uname": LINUX, "id": USER, "sudo": "", "docker": ""}, "container"),
    "macOS": ({"uname": MAC, "id": USER, "sudo": "", "docker": ""}, "container"),
    "macOS, Docker stopped": ({"uname": MAC, "id": USER, "docker": "exit 1"}, "native"),
}


@pytest.mark.parametrize("case", CASES)
def test_way_suits_the_machine(way, case):
    scripts, expected = CASES[case]
    assert way(**scripts).stdout == f"{expected}\n"


@pytest.mark.parametrize("choice", ["native", "container"])
def test_choice_overrides(way, choice):
    assert way(choice=choice).stdout == f"{choice}\n"


def test_unknown_way_is_refused(way):
    done = way(choice="vm")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "HERALD_WAY must be native or container; got vm\n"


def test_make_stops_at_unknown_way():
    command = ["make", "-n", "up"]
    variables = {**os.environ, "HERALD_WAY": "vm"}
    done = subprocess.run(
        command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "set HERALD_WAY to native or container, or leave it out" in done.stderr


def test_goals_go_to_the_container():
    variables = {**os.environ, "HERALD_WAY": "container"}
    command = ["make", "-n", "token", "USER=ada"]
    shown = subprocess.check_output(command, cwd=PROJECT, env=variables, text=True)
    assert shown.strip() == "sh local/machine/run.sh token USER=ada"


def test_shell_has_the_settings():
    variables = {**os.environ, "HERALD_WAY": "native", "SHELL": "/bin/sh"}
    script = 'echo "$HERALD_ENVIRONMENT $REMINDERS_URL"; command -v herald'
    shown = subprocess.check_output(
        ["make", "-s", "shell"], cwd=PROJECT, env=variables, input=script, text=True
    )
    assert shown.splitlines() == [
        f"local {Environment.from_variables().shell()['REMINDERS_URL']}",
        f"{PROJECT}/.venv/bin/herald",
    ]
