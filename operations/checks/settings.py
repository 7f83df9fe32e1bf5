"""Checks the stack file and the outputs."""

import os
from typing import Any

from operations.checks.problem import NotWell
from operations.stack import Stack
from stacks.config.stack import StackConfig


def stack_file(stack: Stack) -> str:
    return f"Pulumi.{stack.name}.yaml has {len(stack.written)} settings"


def environment(stack: Stack) -> str:
    """Check that variables of the local environment do not redirect another stack."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint and stack.endpoint("sqs") is None:
        raise NotWell(
            f"Pulumi.{stack.name}.yaml names no AWS endpoint, but AWS_ENDPOINT_URL is {endpoint}",
            "unset AWS_ENDPOINT_URL and the keys beside it, or name another stack",
        )
    return f"AWS requests go to {stack.endpoint('sqs') or 'AWS'}"


def configured(stack: Stack) -> StackConfig:
    """Return the configuration, parsed like the program does."""
    from stacks.config.stack_file import ConfigError, parse

    given: dict[str, Any] = stack.pulumi("config", "--json", "--show-secrets")
    secret = {key for key, entry in given.items() if entry["secret"]}
    values = {key: entry.get("value", "") for key, entry in given.items()}
    try:
        return parse(stack.name, values, secret)
    except ConfigError as error:
        text = str(error).removesuffix(".")
        raise NotWell(text, f"correct the key in Pulumi.{stack.name}.yaml") from None


def configuration(stack: Stack) -> str:
    config = configured(stack)
    return f"valid; version {config.version}, account {config.account}"


def outputs(stack: Stack) -> str:
    return f"{len(type(stack.outputs).model_fields)} outputs, as the program expects"
