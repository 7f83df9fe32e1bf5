"""Finds and removes what a stopped or killed environment leaves on the machine."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from local.environment import BRIDGE, CONTROL_GROUP, Environment

MARK = "HERALD_STATE"  # every process of an environment carries its state folder in this variable
GRACE = 10  # seconds between SIGTERM and SIGKILL


def sweep(environment: Environment) -> None:
    """End what still runs of this environment; remove its mounts, network and control groups.

    The bridge, the packet filter and the control groups have one name on a machine, so they stay
    while the environment of another checkout runs.
    """
    end([*engine_processes(environment.state), *marked_processes(environment.state)])
    if not set(marks().values()) - {str(environment.state)}:
        end(list(container_processes()), grace=0)
        remove_network()
        remove_control_groups()
    unmount(environment.state)
    shutil.rmtree(environment.state / "run", ignore_errors=True)


def marks() -> dict[int, str]:
    """The processes that supervisors of environments have started: pid -> state folder."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if (state := mark_of(folder)) and int(folder.name) not in (os.getpid(), os.getppid()):
            found[int(folder.name)] = state
    return found


def mark_of(process: Path) -> str | None:
    """The state folder in the environment of a process, if it carries one."""
    with contextlib.suppress(OSError):
        for variable in (process / "environ").read_bytes().split(b"\0"):
            if variable.startswith(f"{MARK}=".encode()):
                return variable.decode().split("=", 1)[1]
    return None


def marked_processes(state: Path) -> list[int]:
    return [pid for pid, marked in marks().items() if marked == str(state)]


def engine_processes(state: Path) -> Iterator[int]:
    """Engines that work on this environment, and plugins, which may outlive an engine's kill -9."""
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


def container_processes() -> Iterator[int]:
    for tasks in Path(f"/sys/fs/cgroup/pids/{CONTROL_GROUP}").rglob("cgroup.procs"):
        yield from (int(pid) for pid in tasks.read_text().split())


def end(pids: list[int], grace: float = GRACE) -> None:
    """SIGTERM, then SIGKILL for those that are left after the grace period (seconds)."""
    deadline = time.monotonic() + grace
    for pid in pids if grace else []:
        send(pid, signal.SIGTERM)
    while time.monotonic() < deadline and any(map(runs, pids)):
        time.sleep(0.1)
    for pid in filter(runs, pids):
        send(pid, signal.SIGKILL)
    deadline = time.monotonic() + GRACE
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


def unmount(state: Path) -> None:
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mount in reversed([m for m in mounts if m.startswith(f"{state}/")]):
        subprocess.run(["umount", "-l", mount.encode().decode("unicode_escape")], check=False)


def remove_network() -> None:
    """Delete the bridge and the packet-filter chains of kube-proxy, the kubelet and the CNI."""
    quiet = {"check": False, "capture_output": True}
    subprocess.run(["ip", "link", "delete", BRIDGE], **quiet)  # type: ignore[call-overload]
    for family in ("iptables", "ip6tables"):
        saved = subprocess.run([f"{family}-save"], **quiet, text=True)  # type: ignore[call-overload]
        lines = saved.stdout.splitlines(keepends=True)
        kept = [line for line in lines if "KUBE-" not in line and "CNI-" not in line]
        if len(kept) < len(lines):
            subprocess.run([f"{family}-restore"], input="".join(kept), text=True, check=False)


def remove_control_groups() -> None:
    for controller in Path("/sys/fs/cgroup").glob(f"*/{CONTROL_GROUP}"):
        for folder in sorted((p for p in controller.rglob("*") if p.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            controller.rmdir()


def taken_ports(environment: Environment) -> dict[str, int]:
    """The ports of the environment on which something listens already, name -> number."""
    return {name: port for name, port in environment.ports.items() if answers(port)}


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def holder(port: int) -> str:
    """Who listens on a port, for a person: command, pid and, if it is another checkout's, that."""
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
        return f"the environment in {state}; `make down` there ends it"
    return f"`{command}` (pid {process.name})"
