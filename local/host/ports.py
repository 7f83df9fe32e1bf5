"""Finds used ports and the programs that use them."""

import contextlib
import os
import socket
from pathlib import Path

from local.environment import Environment
from local.errors import LocalError
from local.host.processes import mark_of


def check(environment: Environment) -> None:
    """Raise LocalError if other programs use our ports; the error names the programs."""
    holders: dict[str, list[int]] = {}
    for port in taken_ports(environment).values():
        holders.setdefault(holder(port), []).append(port)
    if holders:
        lines = [f"{', '.join(map(str, ports))}: {holder}" for holder, ports in holders.items()]
        listed = "\n  ".join(lines)
        raise LocalError(
            "the local environment needs ports that other programs use; end these programs, or"
            f" change the ports in local/ports.env and Pulumi.local.yaml:\n  {listed}"
        )


def taken_ports(environment: Environment) -> dict[str, int]:
    """Return the used ports of the environment by name."""
    return {name: port for name, port in environment.ports.items() if is_used(port)}


def is_used(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def holder(port: int) -> str:
    """Describe the program that uses a port: command, pid and, if any, its checkout."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            rows = [row.split() for row in Path(table).read_text().splitlines()[1:]]
            inodes |= {r[9] for r in rows if r[3] == "0A" and r[1].endswith(f":{port:04X}")}
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link).strip("socket:[]") in inodes:
                return describe(link.parent.parent)
    return "an unknown process"


def describe(process: Path) -> str:
    command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:60].strip()
    if state := mark_of(process):
        return f"the local environment in {state}; run `make down` there"
    return f"`{command}` (pid {process.name})"
