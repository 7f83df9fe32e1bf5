"""Defines the outputs of a stack, and how `herald outputs` prints them."""

import json
import subprocess
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from stacks.config.project import ROOT
from stacks.outputs.formats import as_env, as_json, as_kubernetes

VERSION = 2  # of the model; grows when an output disappears or changes its meaning
AUTHORITIES = ROOT / ".local" / "authorities"  # of the servers of printed stacks
VERSION_CHANGED = "run `pulumi up` first: another version of the program created it"


class Outputs(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class QueueOutput(Outputs):
    url: str
    dead_letters_url: str


class PlainOutputs(Outputs):
    region: str
    namespace: str
    alarm_topic_arn: str
    topics: dict[str, str]  # ARN by name
    queues: dict[str, QueueOutput]  # by name
    tables: dict[str, str]  # name in DynamoDB by name
    urls: dict[str, str]  # address by service
    email_template: str
    email_dns_records: list[dict[str, str]]  # to be added by the owner of the sender's domain
    images: dict[str, str]  # reference with digest by service


class DatabaseConnection(Outputs):
    host: str
    port: int
    name: str
    user: str
    password: str
    sslmode: str
    authorities: str = ""  # PEM certificates that verify the server


class SecretOutputs(Outputs):
    databases: dict[str, DatabaseConnection]  # by name
    service_settings: dict[str, dict[str, str]]  # environment of the pods by service


class StackOutputs(PlainOutputs, SecretOutputs):
    """Contains all outputs of a stack; secret ones are printed only for a named service."""

    def plain(self) -> dict[str, Any]:
        return self.model_dump(include=set(PlainOutputs.model_fields))

    def settings(self, service: str) -> dict[str, str]:
        if service not in self.service_settings:
            known = ", ".join(sorted(self.service_settings))
            raise OutputsError(f"expected a service among {known}; got {service!r}")
        return self.service_settings[service]


class OutputsError(Exception):
    """Reports why outputs cannot be printed, and what to do."""


def describe_missing(program: str) -> str:
    return (
        f"expected the program `{program}` on the PATH, but it is missing; "
        "install it, or for the local stack run `make shell`"
    )


def read_stack(stack: str) -> StackOutputs:
    """Return the outputs of the last `pulumi up`, with plain secrets."""
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--stack", stack]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OutputsError(describe_missing("pulumi")) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise OutputsError(f"could not read stack {stack}; Pulumi reported: {said[-1]}")
    return parse(stack, json.loads(done.stdout))


def parse(stack: str, given: dict[str, Any]) -> StackOutputs:
    try:
        return StackOutputs.model_validate(given)
    except ValidationError as error:
        keys = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors()}))
        raise OutputsError(
            f"stack {stack} does not have the expected outputs ({keys}); {VERSION_CHANGED}"
        ) from None


def on_this_machine(stack: str, outputs: StackOutputs, service: str) -> dict[str, str]:
    """Return the settings of a service, with its authorities in a file on this machine."""
    told = dict(outputs.settings(service))
    if "DATABASE_SSLROOTCERT" in told:
        file = AUTHORITIES / f"{stack.replace('/', '-')}.pem"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(outputs.databases[told["DATABASE_NAME"]].authorities)
        told["DATABASE_SSLROOTCERT"] = str(file)
    return told


def format_outputs(stack: str, form: str, service: str | None = None) -> str:
    """Return the outputs without secrets, or the settings of a service's pods, as text."""
    outputs = read_stack(stack)
    if form == "k8s":
        values = outputs.settings(service) if service else outputs.plain()
        return as_kubernetes(values, outputs.namespace, service)
    values = on_this_machine(stack, outputs, service) if service else outputs.plain()
    return as_env(values) if form == "env" else as_json(values)
