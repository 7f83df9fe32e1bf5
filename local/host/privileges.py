"""Runs the few steps that need root: directly for root, through sudo for other users."""

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Sequence

from local.environment import PROJECT, Environment
from local.errors import LocalError
from local.host.steps import run

REASON = "sudo: containers, their network and their control groups need root; the rest runs as you"


@functools.cache
def ask() -> None:
    """Check that sudo works; it asks for the user's password if necessary."""
    if os.geteuid() == 0:
        return
    if not shutil.which("sudo"):
        raise LocalError(
            "containers need root, but you are not root and sudo is not installed;"
            " run make as root or install sudo"
        )
    print(f"  {REASON}", flush=True)
    # `sudo -v` asks for a password even if a rule requires none.
    if subprocess.run(["sudo", "true"], check=False).returncode:
        raise LocalError("containers need root, but sudo refused it; run make as root")


def command(*words: str) -> list[str]:
    """Return a command line that runs as root."""
    ask()
    return list(words) if os.geteuid() == 0 else ["sudo", *words]


def perform(step: str, environment: Environment, *, as_root: bool) -> Sequence[str]:
    """Run a step of `steps.py` and return its report."""
    if not as_root or os.geteuid() == 0:
        return run(step, environment)
    # -B writes no bytecode: the user could not delete files of root.
    python = [str(PROJECT / ".venv" / "bin" / "python"), "-B", "-m", "local.host", step]
    variables = {**os.environ, "HERALD_OWNER": f"{os.getuid()}:{os.getgid()}"}
    done = subprocess.run(
        command(*python),
        input=json.dumps(variables),  # all users can read arguments
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LocalError(done.stderr.strip())
    reported: list[str] = json.loads(done.stdout)
    return reported
