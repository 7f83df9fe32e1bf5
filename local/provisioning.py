"""Runs `pulumi up` for the local stack."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from local import running_update, unfinished
from local.environment import PROJECT, Environment
from local.errors import LocalError
from stacks.config.project import PROJECT as PROJECT_NAME

STACK = "local"
UNCHANGING = {"same", "read", "refresh"}  # operations without a change
# A refresh asks the registry by TLS, which the local one does not speak.
IMAGES = "**docker-build:**"
CLUSTER = "**kubernetes:**"  # its resources outlive `make down`
PROGRESS = re.compile(  # messages of `pulumi up` about running work, builds and itself
    r"@ updating|#\d+ |Updating \(|\s*pulumi:pulumi:Stack |\s*$"
    r"|.* (creating|updating|deleting|replacing|refreshing|reading)\b.* \(\d+s\)"
)


# The local cluster measures no pods, so its autoscalers always say that they know no figures.
UNMEASURED = re.compile(r" warning: Failed(GetResourceMetric|ComputeMetricsReplicas): .*")


def is_result(line: str) -> bool:
    """Return True if a line of `pulumi up` reports a result or an error."""
    return not PROGRESS.match(line)


def strip_progress(line: str) -> str:
    """Remove what the engine appends: the last message of a build, and of an autoscaler."""
    return UNMEASURED.sub("", re.sub(r"(\(\d+s\))\s+#\d+ .*", r"\1", line.rstrip()))


def has_changed(history: Path) -> bool:
    """Return True if the newest update of a stack changed any resource."""
    newest = max(history.glob("*.history.json"), key=lambda path: path.name)
    counts: dict[str, int] = json.loads(newest.read_text())["resourceChanges"]
    return bool(counts.keys() - UNCHANGING)


class Provisioning:
    """Runs updates of the platform, or of another program, by `project` and `name`."""

    def __init__(
        self, environment: Environment, project: Path = PROJECT, name: str = PROJECT_NAME
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
        """Run Pulumi, print its results and errors, and return its exit code."""
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
                    if is_result(line):
                        print(f"  {strip_progress(line)}", flush=True)
            except KeyboardInterrupt:
                print("  interrupted; waiting for running operations to finish", flush=True)
                running.wait()  # the terminal has also interrupted the engine
                raise
        return running.returncode

    def up(self, instance: str) -> bool:
        """Provision the local stack; return True if anything changed.

        The AWS emulator stores nothing on disk. If another `instance` of it runs, the resources are
        gone, so the stack is refreshed first.
        """
        self._make_stack()
        known = self.environment.state / "aws-instance"
        restarted = known.exists() and known.read_text() != instance
        if self._recover():
            self._refresh(IMAGES)
        elif restarted:
            self._refresh(IMAGES, CLUSTER)
        options = ["--stack", STACK, "--yes", "--skip-preview", "--suppress-outputs"]
        if self._show("up", *options, "--suppress-progress"):
            raise LocalError("`pulumi up` failed; its messages are above")
        known.write_text(instance)
        return has_changed(self.states / "history" / self.name / STACK)

    def _make_stack(self) -> None:
        if not self.checkpoint.exists():
            self.states.parent.mkdir(parents=True, exist_ok=True)
            done = self._pulumi("stack", "init", STACK)
            if done.returncode:
                raise LocalError(f"the local stack could not be created: {done.stderr.strip()}")

    def _refresh(self, *excluded: str) -> None:
        """Read the resources again, except the `excluded`."""
        options = ["--stack", STACK, "--yes", "--skip-preview"]
        done = self._pulumi("refresh", *options, *[f"--exclude={each}" for each in excluded])
        if done.returncode:
            raise LocalError(f"`pulumi refresh` failed: {done.stdout}{done.stderr}")

    def _recover(self) -> bool:
        """Release the lock of a killed update, and remove its incomplete operations.

        Return True if there was such an update, because its results are unknown.
        """
        locks = self.states / "locks" / "organization" / self.name / STACK
        running_update.end_abandoned(locks)
        cut_off = any(locks.glob("*.json"))
        if cut_off:
            self._remove_torn_files()
            self._pulumi("cancel", "--stack", STACK, "--yes")
        operations = unfinished.read_operations(self.checkpoint)
        if operations:
            file = self.project / f"Pulumi.{STACK}.yaml"
            unfinished.remove(operations, self.environment, file)
            clear = ("--clear-pending-creates", "--yes", "--skip-preview", "--suppress-outputs")
            if self._show("refresh", "--stack", STACK, *clear, "--suppress-progress"):
                raise LocalError("`pulumi refresh` failed; its messages are above")
        return cut_off and not operations

    def _remove_torn_files(self) -> None:
        """Remove empty files; the backend writes some files in two steps.

        An empty file makes the state unreadable: "failed to load checkpoint: EOF".
        """
        for note in self.states.rglob("*.attrs"):
            if not note.stat().st_size:
                note.unlink()

    def outputs(self) -> dict[str, Any]:
        done = self._pulumi("stack", "output", "--json", "--stack", STACK)
        outputs: dict[str, Any] = json.loads(done.stdout or "{}")
        return outputs
