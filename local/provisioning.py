"""Runs `pulumi up` for the local stack."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from local.environment import PROJECT, Environment
from local.supervisor import SupervisorError

STACK = "local"
UNCHANGING = {"same", "read", "refresh"}  # operations that leave the platform as it was
PASSING = re.compile(  # what `pulumi up` says about work in progress, builds and itself
    r"@ updating|#\d+ |Updating \(|\s*pulumi:pulumi:Stack |\s*$"
    r"|.* (creating|updating|deleting|replacing|refreshing|reading)\b.* \(\d+s\)"
)


def is_lasting(line: str) -> bool:
    """Whether a line of `pulumi up` tells of something done, or of an error."""
    return not PASSING.match(line)


def has_changed(history: Path) -> bool:
    """Whether the newest update of a stack changed any resource."""
    newest = max(history.glob("*.history.json"), key=lambda path: path.name)
    counts: dict[str, int] = json.loads(newest.read_text())["resourceChanges"]
    return bool(counts.keys() - UNCHANGING)


class Provisioning:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.variables = {**os.environ, **environment.shell()}

    def _pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--cwd", str(PROJECT)],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def _show(self, *arguments: str) -> int:
        """Run pulumi and print what lasts of its output; its exit code."""
        command = ["pulumi", *arguments, "--non-interactive", "--cwd", str(PROJECT)]
        running = subprocess.Popen(
            command,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in running.stdout or ():
            if is_lasting(line):
                print(f"  {line.rstrip()}", flush=True)
        return running.wait()

    def up(self, instance: str) -> bool:
        """Provision the local stack; True when anything changed.

        The AWS emulator keeps nothing on disk.  When another `instance` of it runs than the last
        time, what the stack remembers is gone, so the stack is refreshed first.
        """
        self._make_stack()
        known = self.environment.state / "aws-instance"
        restarted = known.exists() and known.read_text() != instance
        refresh = ["--refresh"] if restarted or self._was_interrupted() else []
        options = ["--stack", STACK, "--yes", "--skip-preview", "--suppress-outputs", *refresh]
        if self._show("up", *options, "--suppress-progress"):
            raise SupervisorError("`pulumi up` did not succeed; its message is above")
        known.write_text(instance)
        history = self.environment.state / "stacks" / ".pulumi" / "history" / "herald" / STACK
        return has_changed(history)

    def _make_stack(self) -> None:
        folder = self.environment.state / "stacks"
        folder.mkdir(parents=True, exist_ok=True)
        if not list(folder.rglob(f"{STACK}.json")):
            done = self._pulumi("stack", "init", STACK)
            if done.returncode:
                raise SupervisorError(f"the local stack could not be made: {done.stderr.strip()}")

    def _was_interrupted(self) -> bool:
        """Release the lock of an update that was killed; True when one left operations pending."""
        locks = self.environment.state / "stacks" / ".pulumi" / "locks"
        if list(locks.rglob("*.json")):
            self._pulumi("cancel", "--stack", STACK, "--yes")
            return True
        return False

    def outputs(self) -> dict[str, Any]:
        done = self._pulumi("stack", "output", "--json", "--stack", STACK)
        outputs: dict[str, Any] = json.loads(done.stdout or "{}")
        return outputs
