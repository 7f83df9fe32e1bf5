"""Exports the outputs of a program."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output

from stacks.outputs.models import Outputs, PlainOutputs, SecretOutputs


@dataclass(frozen=True, kw_only=True)
class Exports:
    """Collects values for exactly the fields of the two models."""

    plain: Mapping[str, Input[Any]]
    secret: Mapping[str, Input[Any]]

    def __post_init__(self) -> None:
        for given, model in ((self.plain, PlainOutputs), (self.secret, SecretOutputs)):
            expect_fields(given, model)


def expect_fields(given: Mapping[str, Any], model: type[Outputs]) -> None:
    if set(given) != set(model.model_fields):
        raise TypeError(
            f"{model.__name__} expects {sorted(model.model_fields)}; got {sorted(given)}."
        )


def export_plain(values: Mapping[str, Input[Any]], model: type[Outputs]) -> None:
    """Export the outputs of a program without secrets."""
    expect_fields(values, model)
    for name, value in values.items():
        pulumi.export(name, value)


def export(exports: Exports) -> None:
    for name, value in exports.plain.items():
        pulumi.export(name, value)
    for name, value in exports.secret.items():
        pulumi.export(name, Output.secret(value))
