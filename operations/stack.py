"""Provides file, outputs, history, state and AWS clients of one stack."""

import json
import subprocess
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from operations.errors import NoProject, OperatorError
from stacks.config.project import PROJECT, ROOT
from stacks.outputs.models import StackOutputs, describe_missing, read_stack

# Names in the provider's settings: it uses one endpoint for aws.ses.
SAME_ENDPOINT = {"sesv2": "ses", "service-quotas": "servicequotas"}
TIMEOUT = 60  # seconds per answer of Pulumi


@dataclass(frozen=True)
class Stack:
    name: str

    @cached_property
    def written(self) -> dict[str, Any]:
        """Return the `config` of the stack file, with encrypted secrets."""
        import yaml

        file = ROOT / f"Pulumi.{self.name}.yaml"
        if not file.exists():
            known = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
            if not known and not (ROOT / "Pulumi.yaml").exists():
                raise NoProject
            raise OperatorError(
                f"expected a stack among {', '.join(known) or 'none'}; got {self.name!r}"
            )
        config: dict[str, Any] = (yaml.safe_load(file.read_text("utf-8")) or {}).get("config", {})
        return config

    @cached_property
    def outputs(self) -> StackOutputs:
        _ = self.written
        return read_stack(self.name)

    @cached_property
    def caller(self) -> dict[str, str]:
        """Return the account and the ARN of the credentials."""
        identity: dict[str, str] = self.client("sts").get_caller_identity()
        return identity

    @property
    def foundation(self) -> str | None:
        """Return the full name of the foundation's stack, for example organization/f/dev."""
        name: str | None = self.written.get(f"{PROJECT}:foundation", {}).get("stack")
        return name

    @cached_property
    def foundation_settings(self) -> dict[str, Any]:
        """Return the foundation's own settings by key; empty without its stack file."""
        import yaml

        if self.foundation is None:
            return {}
        project, _, name = self.foundation.rpartition("/")
        file = ROOT / "stacks" / "foundation" / f"Pulumi.{name}.yaml"
        if not file.exists():
            return {}
        config: dict[str, Any] = yaml.safe_load(file.read_text("utf-8")).get("config", {})
        own = f"{project.rpartition('/')[2]}:"
        return {key.removeprefix(own): config[key] for key in config if key.startswith(own)}

    @cached_property
    def foundation_outputs(self) -> dict[str, Any]:
        """Return the outputs of the foundation; empty without a foundation."""
        if self.foundation is None:
            return {}
        read: dict[str, Any] = self.pulumi("stack", "output", "--json", stack=self.foundation)
        return read

    def pulumi(self, *arguments: str, stack: str | None = None) -> Any:
        """Return the JSON output of `pulumi … --stack NAME`, by default of this stack."""
        _ = self.written  # reports a misspelt name without Pulumi
        name = stack or self.name
        command = ["pulumi", *arguments, "--stack", name, "--non-interactive"]
        try:
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT
            )
        except FileNotFoundError:
            raise OperatorError(describe_missing("pulumi")) from None
        except subprocess.TimeoutExpired:
            raise OperatorError(
                f"`pulumi {arguments[0]}` did not answer within {TIMEOUT} s; "
                "check that its backend is reachable"
            ) from None
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["nothing"]
            raise OperatorError(f"could not read stack {name}; Pulumi reported: {said[-1]}")
        return json.loads(done.stdout)

    def last_update(self) -> dict[str, Any] | None:
        history = self.pulumi("stack", "history", "--json", "--page-size", "1")
        return history[0] if history else None

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources in the state, with encrypted secrets."""
        deployment = self.pulumi("stack", "export").get("deployment") or {}
        found: list[dict[str, Any]] = deployment.get("resources") or []
        return found

    def endpoint(self, service: str) -> str | None:
        """Return the endpoint of an AWS service in the stack file; None means AWS itself."""
        name = SAME_ENDPOINT.get(service, service)
        for endpoints in self.written.get("aws:endpoints", []):
            if name in endpoints:
                return str(endpoints[name])
        return None

    @cached_property
    def session(self) -> Any:
        """Return the session of all clients, which reads the descriptions of AWS once."""
        from boto3 import session

        return session.Session()

    def client(self, service: str) -> Any:
        """Return a boto3 client for the stack's region, with the operator's credentials."""
        from botocore.config import Config

        keys = self.written.get("aws:accessKey"), self.written.get("aws:secretKey")
        own = all(isinstance(key, str) for key in keys)
        return self.session.client(
            service,
            region_name=self.written.get("aws:region"),
            endpoint_url=self.endpoint(service),
            aws_access_key_id=keys[0] if own else None,
            aws_secret_access_key=keys[1] if own else None,
            config=Config(connect_timeout=3, read_timeout=25, retries={"total_max_attempts": 2}),
        )
