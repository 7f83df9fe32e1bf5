"""Checks that this machine can run the local environment."""

import os
import platform
import shutil
from pathlib import Path

from local.environment import PROJECT, Environment
from local.errors import LocalError

CONTAINERS = ("containerd", "containerd-shim-runc-v2", "ctr", "iptables", "iptables-save",
              "iptables-restore", "ip", "kube", "etcd")  # fmt: skip
MONITORING = ("prometheus", "promtool", "prometheus-alertmanager")
BUILDS = ("runc", "mmdebstrap", "mmtarfilter", "buildkitd", "buildctl")
ALWAYS = ("registry", "process-compose", "setpriv", "kubectl")
LEAST_DISK = 6  # GiB for images, builds and databases
LEAST_MEMORY = 2.5  # GiB; the environment itself takes 1.6
MEMORY = Path("/proc/meminfo")


def check(environment: Environment) -> None:
    """Raise LocalError if the machine cannot run the environment, before anything starts."""
    if platform.system() != "Linux":
        raise LocalError(
            f"the local environment needs Linux, but this is {platform.system()};"
            " start Docker and run make again, and it uses a container"
        )
    if missing := missing_programs(environment):
        raise LocalError(
            f"these programs were not found: {', '.join(missing)}; run `make packages tools`"
        )
    if not (environment.postgres_bin / "postgres").exists():
        raise LocalError("no PostgreSQL server was found; run `make packages`")
    check_space(environment)


def needed_programs(environment: Environment) -> list[str]:
    """Return the programs that this environment runs."""
    containers = () if environment.own_kubeconfig else (*CONTAINERS, *MONITORING, "runc")
    builds = () if environment.own_builder else BUILDS
    return sorted({*containers, *builds, *ALWAYS})


def missing_programs(environment: Environment) -> list[str]:
    path = environment.shell()["PATH"] + os.pathsep + "/usr/sbin:/sbin"
    return [name for name in needed_programs(environment) if not shutil.which(name, path=path)]


def check_space(environment: Environment) -> None:
    machine_disk = next(p for p in (environment.machine_state, *environment.machine_state.parents)
                        if p.exists())  # fmt: skip
    for folder in (PROJECT, machine_disk):
        free = shutil.disk_usage(folder).free / 2**30
        if free < LEAST_DISK:
            raise LocalError(
                f"the local environment needs {LEAST_DISK} GiB of disk at {folder},"
                f" but {free:.1f} GiB are free; free some space"
            )
    available = available_memory()
    if available < LEAST_MEMORY:
        raise LocalError(
            f"the local environment needs {LEAST_MEMORY} GiB of memory,"
            f" but {available:.1f} GiB are available; end other programs"
        )


def available_memory() -> float:
    """Return the memory that is available to programs, in GiB."""
    lines = dict(line.split(":", 1) for line in MEMORY.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) / 2**20
