"""Commands of the tutorial that need the platform, as they are printed, in `make shell`."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.config.project import ROOT
from tests.docs import pages
from tests.waiting import eventually


def commands(heading: str) -> list[str]:
    return list(pages.commands(pages.section("docs/tutorial.md", heading)))


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
    shown = shell("\n".join(commands("2. Send a reminder")))
    device, reminder, _, reminders = documents(shown)
    assert device["fcmToken"] == "valid-phone"
    assert reminder["message"] == "Water the plants"
    assert reminder["nextDate"] == reminder["date"]
    assert reminder in reminders["items"]


def test_rejected_event_is_listed_and_discarded(shell):
    publish, show, discard = commands("5. Repair a dead letter")
    shell(publish)
    eventually(lambda: "MalformedEvent" in shell(show))
    assert "of the event queue discarded; about 0 left" in shell(discard)
