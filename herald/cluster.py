"""The cluster of a stack, asked through kubectl as its operator."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from herald.errors import OperatorError

TIMEOUT = 10  # seconds for one answer
OF_KUBECTL = ("Defaulted container", "command terminated")  # begins of its own lines


@dataclass(frozen=True)
class Cluster:
    context: str | None  # of the kubeconfig; its current one when None

    def ask(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise OperatorError(f"the cluster could not be asked; kubectl said: {said[-1]}")
        return done.stdout

    def deployments(self, namespace: str) -> list[dict[str, Any]]:
        answer = json.loads(self.ask("get", "deployments", "-n", namespace, "-o", "json"))
        found: list[dict[str, Any]] = answer["items"]
        return found

    def run_in(self, namespace: str, service: str, *command: str) -> str:
        """What a command prints in a pod of a service; what it complains of is the error."""
        names = [one["metadata"]["name"] for one in self.deployments(namespace)]
        found = [name for name in names if name.endswith(service)]
        if not found:
            raise OperatorError(f"expected a deployment of {service} in {namespace}, found none")
        done = self._run("exec", "-n", namespace, f"deploy/{found[0]}", "--", *command)
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if not line.startswith(OF_KUBECTL)]
            told = said[-1].rstrip(".") if said else "nothing"
            raise OperatorError(f"{service} did not do it, and said: {told}")
        return done.stdout

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = ["kubectl", f"--request-timeout={TIMEOUT}s", *arguments]
        if self.context is not None:
            command.insert(1, f"--context={self.context}")
        try:
            return subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=3 * TIMEOUT
            )
        except FileNotFoundError:
            raise OperatorError(
                "expected the program `kubectl` on the PATH, found none; install it, "
                'or for the local stack run eval "$(make -s urls)"'
            ) from None
        except subprocess.TimeoutExpired:
            raise OperatorError("the cluster gave no answer; is it reachable from here?") from None
