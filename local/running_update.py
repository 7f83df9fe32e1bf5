"""Distinguishes a running update from a killed one, by the lock that both leave."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from local.errors import LocalError
from local.host import processes

STARTER = "HERALD_STARTED_BY"  # variable of the engine: pid of the command that started it
GRACE = 60  # seconds for an abandoned engine to finish its operations


def engines(locks: Path) -> Iterator[int]:
    """Return the running engines among those that locked the stack."""
    for lock in locks.glob("*.json"):
        pid = int(json.loads(lock.read_text())["pid"])
        if processes.runs(pid) and b"pulumi" in Path(f"/proc/{pid}/cmdline").read_bytes():
            yield pid


def starter(pid: int) -> int | None:
    """Return the process that started the engine, or None if a user did."""
    for variable in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
        if variable.startswith(f"{STARTER}=".encode()):
            return int(variable.decode().split("=", 1)[1])
    return None


def end_abandoned(locks: Path) -> None:
    """End engines of a killed `make up`; raise LocalError for engines of others."""
    for pid in engines(locks):
        started_by = starter(pid)
        if started_by is None or (started_by != os.getpid() and processes.runs(started_by)):
            raise LocalError(
                f"another update of the local stack is running (pid {pid}); wait until it ends,"
                " then run `make up` again"
            )
        processes.end([pid], grace=GRACE)
