"""Measures the time from a changed source file to a ready pod with the change."""

import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.environment import PROJECT
from tests.bench.measures import Series, seconds_of
from tests.bench.updates import UP

SOURCE = PROJECT / "services/reminder-service/reminder_service/__init__.py"
PODS = ["get", "pods", "-n", "local", "-l", "app.kubernetes.io/name=local-reminder-service"]
READINESS = '{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}'
ROUNDS = 3
PATIENCE = 60  # seconds from the end of the update to the pod


def read_names(variables: Mapping[str, str]) -> set[str]:
    """Return the names of the pods, with those that are about to end."""
    command = ["kubectl", *PODS, "-o", "name"]
    shown = subprocess.run(command, env=dict(variables), capture_output=True, check=True).stdout
    return {name.removeprefix("pod/") for name in shown.decode().split()}


def await_new_pod(watch: subprocess.Popen[str], known: set[str]) -> float:
    """Return the time at which the watch shows a ready pod with a new name."""
    assert watch.stdout  # a pipe
    for line in watch.stdout:
        name, _, ready = line.strip().partition(" ")
        if ready == "True" and name not in known:
            return time.perf_counter()
    raise SystemExit("bench: expected a new pod of reminder-service; the watch ended before")


def change(source: Path, variables: Mapping[str, str]) -> tuple[float, float]:
    """Change the file and provision; return the seconds to the ready pod and to the end."""
    known = read_names(variables)
    command = ["kubectl", *PODS, "--watch", "-o", f"jsonpath={READINESS}"]
    with (
        subprocess.Popen(command, env=dict(variables), stdout=subprocess.PIPE, text=True) as watch,
        ThreadPoolExecutor(1) as threads,
    ):
        try:
            began = time.perf_counter()
            ready = threads.submit(await_new_pod, watch, known)
            source.write_text(f"{source.read_text()}\n# measured at {time.time()}\n")
            seconds_of([*UP, "--stack", "local", "--cwd", str(PROJECT)], variables)
            ended = time.perf_counter()
            return ready.result(PATIENCE) - began, ended - began
        finally:
            watch.terminate()


def measure(variables: Mapping[str, str]) -> list[Series]:
    """Change a source file several times; then restore the file and provision again."""
    original = SOURCE.read_text()
    try:
        taken = [change(SOURCE, variables) for _ in range(ROUNDS)]
    finally:
        SOURCE.write_text(original)
        seconds_of([*UP, "--stack", "local", "--cwd", str(PROJECT)], variables)
    ready, ended = zip(*taken, strict=True)
    return [
        Series("source change to ready pod", list(ready), "reminder-service"),
        Series("source change to end of update", list(ended), "reminder-service"),
    ]
