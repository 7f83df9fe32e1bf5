"""Measures the time from a changed source file to a ready pod with the change."""

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from local.environment import PROJECT
from tests.bench.measures import Series, seconds_of
from tests.bench.updates import UP

SOURCE = PROJECT / "services/reminder-service/reminder_service/__init__.py"
DEPLOYMENT = "local-reminder-service"
ROUNDS = 2


def wait_for_image(variables: Mapping[str, str]) -> str:
    """Wait for the end of the rollout and return the image of the pods."""
    watch = ["kubectl", "rollout", "status", "-n", "local", f"deployment/{DEPLOYMENT}"]
    seconds_of(watch, variables)
    read = ["kubectl", "get", "deployment", "-n", "local", DEPLOYMENT, "-o", "json"]
    shown = subprocess.run(read, env=dict(variables), capture_output=True, check=True).stdout
    return str(json.loads(shown)["spec"]["template"]["spec"]["containers"][0]["image"])


def change(source: Path, variables: Mapping[str, str]) -> float:
    before, began = wait_for_image(variables), time.perf_counter()
    source.write_text(f"{source.read_text()}\n# measured at {time.time()}\n")
    seconds_of([*UP, "--stack", "local", "--cwd", str(PROJECT)], variables)
    if wait_for_image(variables) == before:
        raise SystemExit(
            f"bench: expected a new image of {DEPLOYMENT} after a change; got {before}"
        )
    return time.perf_counter() - began


def measure(variables: Mapping[str, str]) -> Series:
    """Change a source file, provision and wait for the pod; then restore the file."""
    original = SOURCE.read_text()
    try:
        taken = [change(SOURCE, variables) for _ in range(ROUNDS)]
    finally:
        SOURCE.write_text(original)
        seconds_of([*UP, "--stack", "local", "--cwd", str(PROJECT)], variables)
    return Series("source change to ready pod", taken, "reminder-service")
