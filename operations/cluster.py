"""Reads the cluster of a stack through kubectl."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from operations.errors import OperatorError
from stacks.outputs.models import describe_missing

TIMEOUT = 10  # seconds for one answer
OF_KUBECTL = ("Defaulted container", "command terminated")  # starts of kubectl's own lines


def print_from_pod(stack: str, service: str, *command: str) -> None:
    """Run a command in a pod of a stack's service, and print its output."""
    from operations.stack import Stack

    chosen = Stack(stack)
    cluster = Cluster(chosen.written.get("kubernetes:context"))
    print(cluster.run_in(chosen.outputs.namespace, service, *command), end="")


@dataclass(frozen=True)
class Cluster:
    context: str | None  # of the kubeconfig; None: the current context

    def ask(self, *arguments: str, text: str | None = None, seconds: int = TIMEOUT) -> str:
        """Return the answer of kubectl, which reads `text`; a wait may take more `seconds`."""
        done = self._run(*arguments, text=text, seconds=seconds)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise OperatorError(f"kubectl failed: {said[-1]}")
        return done.stdout

    def deployments(self, namespace: str) -> list[dict[str, Any]]:
        answer = json.loads(self.ask("get", "deployments", "-n", namespace, "-o", "json"))
        found: list[dict[str, Any]] = answer["items"]
        return found

    def run_in(self, namespace: str, service: str, *command: str) -> str:
        """Run a command in a pod of a service and return its output; raise its error output."""
        names = [one["metadata"]["name"] for one in self.deployments(namespace)]
        found = [name for name in names if name.endswith(service)]
        if not found:
            raise OperatorError(f"expected a deployment of {service} in {namespace}; found none")
        done = self._run("exec", "-n", namespace, f"deploy/{found[0]}", "--", *command)
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if not line.startswith(OF_KUBECTL)]
            reason = said[-1].rstrip(".") if said else "no output"
            raise OperatorError(f"the command failed in a pod of {service}: {reason}")
        return done.stdout

    def _run(
        self, *arguments: str, text: str | None = None, seconds: int = TIMEOUT
    ) -> "subprocess.CompletedProcess[str]":
        command = ["kubectl", f"--request-timeout={seconds}s", *arguments]
        if self.context is not None:
            command.insert(1, f"--context={self.context}")
        try:
            return subprocess.run(
                command,
                input=text,
                capture_output=True,
                text=True,
                check=False,
                timeout=3 * seconds,
            )
        except FileNotFoundError:
            raise OperatorError(describe_missing("kubectl")) from None
        except subprocess.TimeoutExpired:
            raise OperatorError(
                "the cluster did not answer; check that this machine can reach it"
            ) from None
