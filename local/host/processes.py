"""Finds and ends the processes of the local environment."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from local import patience

MARK = "HERALD_STATE"  # variable with the state folder, in every process of an environment
GRACE = 10  # seconds between SIGTERM and SIGKILL


def marks() -> dict[int, str]:
    """Return the processes that supervisors of environments started, with their state folders."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if (state := mark_of(folder)) and int(folder.name) not in (os.getpid(), os.getppid()):
            found[int(folder.name)] = state
    return found


def mark_of(process: Path) -> str | None:
    """Return the state folder in the environment of a process, or None."""
    with contextlib.suppress(OSError):
        for variable in (process / "environ").read_bytes().split(b"\0"):
            if variable.startswith(f"{MARK}=".encode()):
                return variable.decode().split("=", 1)[1]
    return None


def marked_processes(state: Path) -> list[int]:
    return [pid for pid, marked in marks().items() if marked == str(state)]


def engine_processes(state: Path) -> Iterator[int]:
    """Return engines and plugins of this environment; plugins can outlive a killed engine."""
    home = state / "pulumi"
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program = (process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            variables = (process / "environ").read_bytes().split(b"\0")
            is_engine = (
                Path(program).name == "pulumi" and f"PULUMI_HOME={home}".encode() in variables
            )
            if is_engine or program.startswith(f"{home}/plugins/"):
                yield int(process.name)


def end(pids: list[int], grace: float = GRACE) -> None:
    """Send SIGTERM, and SIGKILL to processes that remain after the grace period in seconds."""
    deadline = time.monotonic() + patience.stretch(grace)
    for pid in pids if grace else []:
        send(pid, signal.SIGTERM)
    while time.monotonic() < deadline and any(map(runs, pids)):
        time.sleep(0.1)
    for pid in filter(runs, pids):
        send(pid, signal.SIGKILL)
    deadline = time.monotonic() + patience.stretch(GRACE)
    while time.monotonic() < deadline and any(map(runs, pids)):
        time.sleep(0.05)


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
