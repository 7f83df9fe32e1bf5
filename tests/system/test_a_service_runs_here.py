"""A service that runs on this machine replaces its pods, serves each change, and steps back."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import httpx
import pytest

from local.environment import PROJECT
from tests.waiting import eventually

pytestmark = pytest.mark.disruptive
NAME = "local-reminder-service"


@pytest.fixture
def checkout(tmp_path):
    """A checkout with its own copy of the services."""
    for place in PROJECT.iterdir():
        if place.name == "services":
            shutil.copytree(place, tmp_path / place.name)
        elif place.name not in (".git", ".local"):
            (tmp_path / place.name).symlink_to(place)
    return tmp_path


@pytest.fixture
def run(platform, checkout):
    command = [
        str(PROJECT / ".venv" / "bin" / "python"),
        "-m",
        "operations",
        "run",
        "reminder-service",
    ]
    variables = {**os.environ, **platform.shell}
    with subprocess.Popen(command, cwd=checkout, env=variables, stdout=sys.stderr) as process:
        yield process
        process.send_signal(signal.SIGTERM)


def title(platform):
    try:
        return platform.reminders.get("/openapi.json", timeout=2).json()["info"]["title"]
    except httpx.TransportError:
        return None


def replicas(platform):
    found = json.loads(platform.kubectl("get", "deployment", NAME, "-o", "json"))
    return found["spec"]["replicas"], found["status"].get("readyReplicas", 0)


def test_change_is_served_and_pods_return(platform, checkout, run):
    before = replicas(platform)
    api = checkout / "services" / "reminder-service" / "reminder_service" / "api.py"
    text = api.read_text()
    eventually(lambda: replicas(platform) == (0, 0))
    eventually(lambda: title(platform) == "Herald reminders")

    saved = time.monotonic()
    api.write_text(text.replace('"Herald reminders"', '"Edited reminders"'))
    eventually(lambda: title(platform) == "Edited reminders")
    print(f"new code served {time.monotonic() - saved:.2f} s after it was saved")

    run.send_signal(signal.SIGTERM)
    assert run.wait(60) == 0
    assert replicas(platform) == before
    eventually(lambda: title(platform) == "Herald reminders")
