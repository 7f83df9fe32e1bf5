"""The real stack files of the foundation, as the engine hands them to its program."""

from typing import Any

import yaml

from stacks.config.project import ROOT
from stacks.config.stack_file import parse_values
from stacks.foundation.config import PROGRAM, FoundationConfig
from tests.stacks.stack_files import as_engine

CLOUD = ("dev", "staging", "prod")


def written(stack: str) -> dict[str, Any]:
    text = (ROOT / "stacks" / "foundation" / f"Pulumi.{stack}.yaml").read_text()
    values: dict[str, Any] = yaml.safe_load(text)["config"]
    return values


def read(stack: str, values: dict[str, Any]) -> FoundationConfig:
    return parse_values(PROGRAM, stack, as_engine(values), set())


def config_of(stack: str) -> FoundationConfig:
    return read(stack, written(stack))
