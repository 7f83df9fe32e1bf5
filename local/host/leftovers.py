"""Finds and removes the leftovers of a stopped or killed environment on the machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from local.environment import BRIDGE, Environment
from local.host import control_groups, firewall, network, processes, record


def find(environment: Environment) -> list[str]:
    """Describe everything of the environment that is on the machine, apart from its files.

    All checkouts share the bridge, the packet filter and the control groups. They are not
    leftovers while the environment of another checkout runs.
    """
    found = [f"process {describe(pid)}" for pid in own_processes(environment)]
    found += [f"mount {mount}" for mount in mounts(environment)]
    if not has_neighbours(environment):
        found += find_shared()
    return found


def find_shared() -> list[str]:
    """Describe the leftovers that the environments of all checkouts share."""
    known = record.load()
    return [
        *(f"process of a container {describe(pid)}" for pid in control_groups.processes()),
        *([f"bridge {BRIDGE}"] if network.has_bridge() else []),
        *(f"control group {group}" for group in control_groups.existing()),
        *(f"control group controller {name}" for name in sorted(known.added_controllers())),
        *(f"{family} chain {table}/{name}"
          for family, table, name in sorted(firewall.chains() - known.chains)),
        *(f"kernel setting {name} = {record.read(name)}, was {value}"
          for name, value in known.changed_settings().items()),
        *([f"file {record.FILE}"] if record.FILE.exists() else []),
    ]  # fmt: skip


def describe(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:60]
    except OSError:
        command = "ended"
    return f"{pid} ({command.strip()})"


def own_processes(environment: Environment) -> list[int]:
    state = environment.state
    return [*processes.engine_processes(state), *processes.marked_processes(state)]


def has_neighbours(environment: Environment) -> bool:
    """Return True if the environment of another checkout runs on this machine."""
    return bool(set(processes.marks().values()) - {str(environment.state)})


def mounts(environment: Environment) -> Iterator[str]:
    """Return the mounts below the environment's folders, the innermost first."""
    folders = tuple(f"{folder}/" for folder in {environment.state, environment.machine_state})
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return (point for point in reversed(points) if point.startswith(folders))


def is_on_machine() -> bool:
    """Return True if root has something to remove; needs no privileges."""
    return record.FILE.exists() or network.has_bridge() or bool(control_groups.existing())


def sweep(environment: Environment) -> None:
    """Remove everything that `find` lists."""
    processes.end(own_processes(environment))
    if os.geteuid() == 0 and not has_neighbours(environment):
        processes.end(list(control_groups.processes()), grace=0)
        network.remove_bridge()
        control_groups.remove()
        record.restore()
    for mount in mounts(environment):
        subprocess.run(["umount", "-l", mount], check=False)
    shutil.rmtree(environment.state / "run", ignore_errors=True)
