"""The real stack files, as the engine hands them to a program, with secrets made up."""

import copy
import json
from functools import cache
from typing import Any

import yaml

from review.simulation.simulated_foundation import simulate_lookups
from stacks.config.project import PROJECT, ROOT
from stacks.config.stack import StackConfig
from stacks.config.stack_file import parse

REFERENCE = "pulumi:pulumi:StackReference"
STACKS = ("local", "dev", "staging", "prod")
SECRET_KEYS = {f"{PROJECT}:database", f"{PROJECT}:push"}
AUTHORITIES = {"fromFile": "stacks/authorities/rds/eu-central-1.pem"}
CREDENTIALS = '{"type": "service_account"}'


@cache
def file_of(stack: str) -> dict[str, Any]:
    file: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
    return file


def written(stack: str) -> dict[str, Any]:
    """The `config` of `Pulumi.<stack>.yaml` as it stands."""
    values: dict[str, Any] = copy.deepcopy(file_of(stack)["config"])
    return values


def with_secrets(stack: str) -> dict[str, Any]:
    values = written(stack)
    values[f"{PROJECT}:push"]["credentials"] = CREDENTIALS
    values[f"{PROJECT}:images"].pop("caBundle", None)
    if existing := values[f"{PROJECT}:database"].get("existing"):
        existing["adminPassword"] = "admin-password"
        values[f"{PROJECT}:database"]["sslRootCert"] = AUTHORITIES  # its own are made by `make up`
    return values


def as_engine(values: dict[str, Any]) -> dict[str, str]:
    """Text as it is, all else as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }


def config_of(stack: str) -> StackConfig:
    return parse(stack, as_engine(with_secrets(stack)), SECRET_KEYS)


def foundation_of(stack: str, **changed: Any) -> dict[str, dict[str, Any]]:
    """The lookup that a stack of the platform makes, answered as by its foundation."""
    answers = simulate_lookups(written(stack))
    answers[REFERENCE]["outputs"] |= changed
    return answers
