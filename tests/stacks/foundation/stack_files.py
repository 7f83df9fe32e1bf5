"""The real stack files of the foundation, as the engine hands them to its program."""

from typing import Any

import yaml

from foundation.config import PROGRAM, FoundationConfig
from stacks.config import ROOT
from stacks.stack_file import parsed
from tests.stacks.stack_files import as_engine

CLOUD = ("dev", "staging", "prod")


def written(stack: str) -> dict[str, Any]:
    text = (ROOT / "foundation" / f"Pulumi.{stack}.yaml").read_text()
    values: dict[str, Any] = yaml.safe_load(text)["config"]
    return values


def read(stack: str, values: dict[str, Any]) -> FoundationConfig:
    return parsed(PROGRAM, stack, as_engine(values), set())


def config_of(stack: str) -> FoundationConfig:
    return read(stack, written(stack))
