"""Runs `pulumi up` for the local stack."""

import json
import os
import subprocess
from typing import Any

from local.environment import PROJECT, Environment
from local.supervisor import SupervisorError

STACK = "local"


class Provisioning:
    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.variables = {**os.environ, **environment.shell()}

    def _pulumi(self, *arguments: str, show: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--cwd", str(PROJECT)],
            env=self.variables,
            capture_output=not show,
            text=True,
            check=False,
        )

    def up(self, instance: str) -> bool:
        """Provision the local stack; True when anything changed.

        The AWS emulator keeps nothing on disk.  When another `instance` of it runs than the last
        time, what the stack remembers is gone, so the stack is refreshed first.
        """
        self._make_stack()
        before = self._version()
        known = self.environment.state / "aws-instance"
        restarted = known.exists() and known.read_text() != instance
        refresh = ["--refresh"] if restarted or self._was_interrupted() else []
        options = ["--stack", STACK, "--yes", "--skip-preview", "--suppress-outputs", *refresh]
        if self._pulumi("up", *options, "--color", "auto", show=True).returncode:
            raise SupervisorError("`pulumi up` did not succeed; its message is above")
        known.write_text(instance)
        return self._version() != before

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

    def _resources(self) -> dict[str, Any]:
        done = self._pulumi("stack", "export", "--stack", STACK)
        if done.returncode:
            raise SupervisorError(f"the stack could not be read: {done.stderr.strip()}")
        deployment: dict[str, Any] = json.loads(done.stdout)["deployment"]
        return deployment

    def _version(self) -> str:
        resources = self._resources().get("resources", [])
        kept = [{k: r.get(k) for k in ("urn", "id", "modified")} for r in resources]
        return json.dumps(kept, sort_keys=True)

    def outputs(self) -> dict[str, Any]:
        done = self._pulumi("stack", "output", "--json", "--stack", STACK)
        outputs: dict[str, Any] = json.loads(done.stdout or "{}")
        return outputs
