"""One stack, as its operators see it: file, outputs, history, state, AWS clients."""

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from herald.errors import OperatorError
from stacks.config import ROOT
from stacks.outputs import NO_PULUMI, StackOutputs, read_stack

TIMEOUT = 60  # seconds for one answer of pulumi


@dataclass(frozen=True)
class Stack:
    name: str

    @cached_property
    def written(self) -> dict[str, Any]:
        """The `config` of its file as it stands, secrets encrypted."""
        import yaml

        file = ROOT / f"Pulumi.{self.name}.yaml"
        if not file.exists():
            known = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
            raise OperatorError(
                f"expected a stack among {', '.join(known) or 'none'}, got {self.name!r}"
            )
        config: dict[str, Any] = (yaml.safe_load(file.read_text("utf-8")) or {}).get("config", {})
        return config

    @cached_property
    def outputs(self) -> StackOutputs:
        _ = self.written
        return read_stack(self.name)

    def pulumi(self, *arguments: str) -> Any:
        """What `pulumi … --stack NAME` prints as JSON."""
        _ = self.written  # a misspelt name is better told without Pulumi
        command = ["pulumi", *arguments, "--stack", self.name, "--non-interactive"]
        try:
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT
            )
        except FileNotFoundError:
            raise OperatorError(NO_PULUMI) from None
        except subprocess.TimeoutExpired:
            raise OperatorError(
                f"pulumi {arguments[0]} gave no answer in {TIMEOUT} s; is its backend reachable?"
            ) from None
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise OperatorError(f"stack {self.name} could not be read; pulumi said: {said[-1]}")
        return json.loads(done.stdout)

    def last_update(self) -> dict[str, Any] | None:
        history = self.pulumi("stack", "history", "--json", "--page-size", "1")
        return history[0] if history else None

    def resources(self) -> list[dict[str, Any]]:
        """The resources in its state, secrets encrypted."""
        deployment = self.pulumi("stack", "export").get("deployment") or {}
        found: list[dict[str, Any]] = deployment.get("resources") or []
        return found

    def endpoint(self, service: str) -> str | None:
        """Where its file says that an AWS service answers; AWS itself when None."""
        for endpoints in self.written.get("aws:endpoints", []):
            if service in endpoints:
                return str(endpoints[service])
        return None

    def client(self, service: str) -> Any:
        """Of boto3, for the stack's region and endpoint, with the operator's own identity."""
        from boto3 import session
        from botocore.config import Config

        keys = self.written.get("aws:accessKey"), self.written.get("aws:secretKey")
        own = all(isinstance(key, str) for key in keys)
        return session.Session().client(
            service,
            region_name=self.written.get("aws:region"),
            endpoint_url=self.endpoint(service),
            aws_access_key_id=keys[0] if own else None,
            aws_secret_access_key=keys[1] if own else None,
            config=Config(connect_timeout=3, read_timeout=25, retries={"total_max_attempts": 2}),
        )
