"""Tells an update that is running from one that was killed, by the lock that both leave."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from local import leftovers
from local.supervisor import SupervisorError

STARTER = "HERALD_STARTED_BY"  # a variable of the engine: the pid of the command that runs it
GRACE = 60  # seconds in which an abandoned engine may finish what it has in hand


def engines(locks: Path) -> Iterator[int]:
    """The engines that still run of those that locked the stack."""
    for lock in locks.glob("*.json"):
        pid = int(json.loads(lock.read_text())["pid"])
        if leftovers.runs(pid) and b"pulumi" in Path(f"/proc/{pid}/cmdline").read_bytes():
            yield pid


def starter(pid: int) -> int | None:
    """Who runs the engine; None when somebody started it by hand."""
    for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
        if variable.startswith(f"{STARTER}=".encode()):
            return int(variable.decode().split("=", 1)[1])
    return None


def end_abandoned(locks: Path) -> None:
    """End engines whose `make up` was killed; refuse to work beside one that is somebody's."""
    for pid in engines(locks):
        started_by = starter(pid)
        if started_by is None or (started_by != os.getpid() and leftovers.runs(started_by)):
            raise SupervisorError(
                f"an update of the local stack is running already (pid {pid}); wait for its end,"
                " then run `make up` again"
            )
        leftovers.end([pid], grace=GRACE)
