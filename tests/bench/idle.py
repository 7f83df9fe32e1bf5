"""Measures the processor time of the local environment while nobody uses it.

`python -m tests.bench.idle` prints the share of one core, in total and by process. The limit is
that of a laptop on its battery.
"""

import os
import sys
import time
from pathlib import Path

from local.environment import Environment
from local.host import control_groups
from local.host.processes import marked_processes

LIMIT = 5.0  # percent of one core
SECONDS = 60.0
SHOWN = 15  # processes
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / TICKS


def snapshot() -> dict[int, float]:
    """Return the processor seconds of each process and of each process of a pod."""
    taken = {}
    for pid in {*marked_processes(Environment().state), *control_groups.processes()}:
        try:
            taken[pid] = processor_seconds(pid)
        except OSError:  # it has just ended, and counts for its parent
            continue
    return taken


def name_of(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return f"process {pid}"
    return " ".join(Path(word).name for word in words[:3] if not word.startswith("--"))


def measure(seconds: float = SECONDS) -> dict[str, float]:
    """Return the percent of one core that each process used."""
    before, began = snapshot(), time.monotonic()
    time.sleep(seconds)
    after, elapsed = snapshot(), time.monotonic() - began
    shares: dict[str, float] = {}
    for pid in before.keys() & after.keys():
        share = 100 * (after[pid] - before[pid]) / elapsed
        shares[name_of(pid)] = shares.get(name_of(pid), 0) + share
    return dict(sorted(shares.items(), key=lambda entry: -entry[1]))


def main() -> int:
    shares = measure()
    for name, share in list(shares.items())[:SHOWN]:
        print(f"{share:6.2f} %  {name}")
    total = sum(shares.values())
    print(f"{total:6.2f} %  of one core in total (limit {LIMIT:.0f} %)")
    return int(total > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
