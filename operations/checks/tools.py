"""Checks the programs and the builder on this machine."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from operations.checks.problem import LOCAL, NotWell
from operations.reachability import PATIENCE
from operations.stack import Stack
from stacks.config.project import PROJECT

PULUMI, KUBECTL = (3, 200), (1, 28)  # the oldest supported versions


def version(program: str, arguments: list[str], oldest: tuple[int, int]) -> str:
    """Return the version of a program; it must not be older than `oldest`."""
    wanted = f"{oldest[0]}.{oldest[1]} or newer"
    if shutil.which(program) is None:
        raise NotWell("not on the PATH", f"install {program} {wanted}; {LOCAL}")
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", done.stdout)
    if not found:
        raise NotWell(f"`{program}` prints no version", f"install {program} {wanted}")
    if (int(found[1]), int(found[2])) < oldest:
        raise NotWell(f"version {found[0][1:]}", f"install {program} {wanted}")
    return f"version {found[0][1:]}"


def pulumi(stack: Stack) -> str:
    return version("pulumi", ["version"], PULUMI)


def kubectl(stack: Stack) -> str:
    return version("kubectl", ["version", "--client"], KUBECTL)


def builder(stack: Stack) -> str:
    name = stack.written.get(f"{PROJECT}:images", {}).get("builder")
    if name is None:
        if shutil.which("docker") is None:
            raise NotWell(
                "no program `docker` on the PATH, and no builder in the stack file",
                f"install Docker, or name a buildx builder in {PROJECT}:images.builder",
            )
        return "Docker's default builder"
    home = Path(os.environ.get("DOCKER_CONFIG", "~/.docker")).expanduser()
    file = home / "buildx" / "instances" / name
    if not file.exists():
        raise NotWell(f"no buildx builder {name} in {home}", f"create it with buildx; {LOCAL}")
    endpoints = [node.get("Endpoint", "") for node in json.loads(file.read_text("utf-8"))["Nodes"]]
    for endpoint in endpoints:
        if endpoint.startswith("unix://") and not listens(endpoint.removeprefix("unix://")):
            raise NotWell(f"builder {name} does not listen at {endpoint}", f"start it; {LOCAL}")
    return f"{name} at {', '.join(endpoints)}"


def listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        return connection.connect_ex(path) == 0
