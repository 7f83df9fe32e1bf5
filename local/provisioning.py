"""Runs `pulumi up` for the local stack."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from local import running_update, unfinished
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
    """`project` and its `name` are the platform's, or those of another program to be run here."""

    def __init__(
        self, environment: Environment, project: Path = PROJECT, name: str = "herald"
    ) -> None:
        self.environment = environment
        self.project, self.name = project, name
        self.variables = {
            **os.environ,
            **environment.shell(),
            running_update.STARTER: str(os.getpid()),
        }

    @property
    def states(self) -> Path:
        return self.environment.state / "stacks" / ".pulumi"

    @property
    def checkpoint(self) -> Path:
        return self.states / "stacks" / self.name / f"{STACK}.json"

    def _pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--cwd", str(self.project)],
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def _show(self, *arguments: str) -> int:
        """Run pulumi and print what lasts of its output; its exit code."""
        command = ["pulumi", *arguments, "--non-interactive", "--cwd", str(self.project)]
        with subprocess.Popen(
            command,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            try:
                for line in running.stdout or ():
                    if is_lasting(line):
                        print(f"  {line.rstrip()}", flush=True)
            except KeyboardInterrupt:
                print("  interrupted; what is in hand is finished first", flush=True)
                running.wait()  # the terminal has interrupted the engine, too
                raise
        return running.returncode

    def up(self, instance: str) -> bool:
        """Provision the local stack; True when anything changed.

        The AWS emulator keeps nothing on disk.  When another `instance` of it runs than the last
        time, what the stack remembers is gone, so the stack is refreshed first.
        """
        self._make_stack()
        known = self.environment.state / "aws-instance"
        restarted = known.exists() and known.read_text() != instance
        refresh = ["--refresh"] if self._mend() or restarted else []
        options = ["--stack", STACK, "--yes", "--skip-preview", "--suppress-outputs", *refresh]
        if self._show("up", *options, "--suppress-progress"):
            raise SupervisorError("`pulumi up` did not succeed; its message is above")
        known.write_text(instance)
        return has_changed(self.states / "history" / self.name / STACK)

    def _make_stack(self) -> None:
        if not self.checkpoint.exists():
            self.states.parent.mkdir(parents=True, exist_ok=True)
            done = self._pulumi("stack", "init", STACK)
            if done.returncode:
                raise SupervisorError(f"the local stack could not be made: {done.stderr.strip()}")

    def _mend(self) -> bool:
        """Release the lock of an update that was killed and remove what it left half made.

        True when there was such an update, so that what it had done has to be looked up.
        """
        locks = self.states / "locks" / "organization" / self.name / STACK
        running_update.end_abandoned(locks)
        cut_off = any(locks.glob("*.json"))
        if cut_off:
            self._remove_torn_files()
            self._pulumi("cancel", "--stack", STACK, "--yes")
        operations = unfinished.begun(self.checkpoint)
        if operations:
            file = self.project / f"Pulumi.{STACK}.yaml"
            unfinished.remove(operations, self.environment, file)
            clear = ("--clear-pending-creates", "--yes", "--skip-preview", "--suppress-outputs")
            if self._show("refresh", "--stack", STACK, *clear, "--suppress-progress"):
                raise SupervisorError("`pulumi refresh` did not succeed; its message is above")
        return cut_off and not operations

    def _remove_torn_files(self) -> None:
        """The backend writes files whole, but not the notes beside them, which it can do without.

        An empty note makes the state unreadable to the engine: "failed to load checkpoint: EOF".
        """
        for note in self.states.rglob("*.attrs"):
            if not note.stat().st_size:
                note.unlink()

    def outputs(self) -> dict[str, Any]:
        done = self._pulumi("stack", "output", "--json", "--stack", STACK)
        outputs: dict[str, Any] = json.loads(done.stdout or "{}")
        return outputs
