"""What a stack tells others, and the command that reads it.

`python -m stacks.outputs --stack dev --service event-service --format env` prints the
settings that the service's pods have, so that it runs on a laptop.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from stacks.config import ROOT
from stacks.output_formats import as_env, as_json, as_kubernetes

VERSION = 1  # of the model: one more when an output goes or changes its meaning
AUTHORITIES = ROOT / ".local" / "authorities"  # of the servers of stacks that were shown
FORMATS = ("env", "json", "k8s")
NO_PULUMI = (
    "expected the program `pulumi` on the PATH, found none; "
    'install it, or for the local stack run eval "$(make -s urls)"'
)
VERSION_CHANGED = "run `pulumi up` first, for it was made by another version of the program"


class Outputs(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlainOutputs(Outputs):
    region: str
    namespace: str
    event_topic_arn: str
    notification_topic_arn: str
    alarm_topic_arn: str
    event_queue_url: str
    notification_queue_url: str
    event_dead_letters_url: str
    notification_dead_letters_url: str
    event_store_table: str
    email_template: str
    email_dns_records: list[dict[str, str]]  # that the owner of the sender's domain must add
    reminder_service_url: str
    notification_service_url: str
    images: dict[str, str]  # service: reference by digest


class DatabaseConnection(Outputs):
    host: str
    port: int
    name: str
    user: str
    password: str
    sslmode: str
    authorities: str = ""  # PEM, of who signs the server's certificate where sslmode checks it


class SecretOutputs(Outputs):
    databases: dict[str, DatabaseConnection]  # by name
    service_settings: dict[str, dict[str, str]]  # service: environment of its pods


class StackOutputs(PlainOutputs, SecretOutputs):
    """Everything that a stack tells; only its secrets ever leave by name."""

    def plain(self) -> dict[str, Any]:
        return self.model_dump(include=set(PlainOutputs.model_fields))

    def settings(self, service: str) -> dict[str, str]:
        if service not in self.service_settings:
            known = ", ".join(sorted(self.service_settings))
            raise OutputsError(f"expected a service among {known}, got {service!r}")
        return self.service_settings[service]


class OutputsError(Exception):
    """The outputs cannot be shown; the message says why and what to do."""


def read_stack(stack: str) -> StackOutputs:
    """The outputs of the last `pulumi up`, secrets in clear."""
    command = ["pulumi", "stack", "output", "--json", "--show-secrets", "--stack", stack]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise OutputsError(NO_PULUMI) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["nothing"]
        raise OutputsError(f"stack {stack} could not be read; pulumi said: {said[-1]}")
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
    """The settings of a service, with the authorities that its image has in a file here."""
    told = dict(outputs.settings(service))
    if "DATABASE_SSLROOTCERT" in told:
        file = AUTHORITIES / f"{stack.replace('/', '-')}.pem"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(outputs.databases[told["DATABASE_NAME"]].authorities)
        told["DATABASE_SSLROOTCERT"] = str(file)
    return told


def shown(stack: str, form: str, service: str | None = None) -> str:
    """The outputs without secrets, or with a service the settings of its pods."""
    outputs = read_stack(stack)
    if form == "k8s":
        values = outputs.settings(service) if service else outputs.plain()
        return as_kubernetes(values, outputs.namespace, service)
    values = on_this_machine(stack, outputs, service) if service else outputs.plain()
    return as_env(values) if form == "env" else as_json(values)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m stacks.outputs", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--service", help="print the settings of its pods, secrets in clear")
    parser.add_argument("--format", choices=FORMATS, default="env")
    options = parser.parse_args(arguments)
    try:
        print(shown(options.stack, options.format, options.service))
    except OutputsError as error:
        print(f"Outputs: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
