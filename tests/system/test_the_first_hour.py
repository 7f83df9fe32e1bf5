"""The commands of the tutorial, as they are printed, in the shell of `make shell`."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.config.project import ROOT
from tests.docs import pages
from tests.waiting import eventually

pytestmark = pytest.mark.system


def section(title: str) -> str:
    """Return the commands of one section as a script."""
    text = pages.TEXTS["docs/tutorial.md"]
    body = text.partition(f". {title}\n")[2].partition("\n## ")[0]
    return "\n".join(pages.commands(body))


def documents(text: str) -> Iterator[Any]:
    """Return the JSON documents of a text, which follow each other."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]


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
    device, reminder, _, reminders = documents(shown)
    assert device["fcmToken"] == "valid-phone"
    assert reminder["message"] == "Water the plants"
    assert reminder["nextDate"] == reminder["date"]
    assert reminder in reminders["items"]


def test_rejected_event_is_listed_and_discarded(shell):
    publish, show, discard = section("Repair a dead letter").splitlines()
    shell(publish)
    eventually(lambda: "MalformedEvent" in shell(show))
    assert "of the event queue discarded; about 0 left" in shell(discard)
