"""The commands of the tutorial, as they are printed, in the shell of `make shell`."""

import json
import subprocess

import pytest

from stacks.config.project import ROOT
from tests.docs import pages
from tests.waiting import eventually


def section(title: str) -> str:
    """Return the commands of one section as a script."""
    text = pages.TEXTS["docs/tutorial.md"]
    body = text.partition(f". {title}\n")[2].partition("\n## ")[0]
    return "\n".join(pages.commands(body))


@pytest.fixture
def shell(platform):
    def run(script: str) -> str:
        done = subprocess.run(
            ["make", "-s", "shell"],
            cwd=ROOT,
            env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "SHELL": "/bin/bash"},
            input=f"set -e -o pipefail\n{script}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_reminder_is_created(shell):
    shown = shell(section("Send a reminder"))
    device, reminder, *_ = shown.splitlines()
    assert json.loads(device)["fcmToken"] == "valid-phone"
    assert json.loads(reminder)["message"] == "Water the plants"
    assert json.loads(reminder)["nextDate"] == json.loads(reminder)["date"]


def test_rejected_event_is_listed_and_discarded(shell):
    publish, show, discard = section("Repair a dead letter").splitlines()
    shell(publish)
    eventually(lambda: "MalformedEvent: not an event: id: Field required" in shell(show))
    assert "dead letter of the event queue discarded" in shell(discard)
