"""Runs the checked programs with simulated answers.

A preview omits values that are known only after `up`, for example whole policy documents. With
simulated answers, the checkers see complete documents.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from review.simulation.rehearsal import PROGRAMS, PUSH, read_stack_file
from review.simulation.simulated_foundation import ACCOUNT_ANSWERS, simulate_lookups
from review.simulation.trial import Deployment, run
from stacks.config.stack_file import parse, parse_values
from stacks.foundation.account import account as made
from stacks.foundation.config import PROGRAM as FOUNDATION
from stacks.outputs.exports import export, export_plain
from stacks.outputs.foundation import FoundationOutputs
from stacks.platform.reminder_platform import reminder_platform

MADE_UP = "made up for an audit"
FILE = {"fromFile"}
SECRET = {"secure"}
AUTHORITIES = {
    "fromFile": "stacks/authorities/rds/eu-central-1.pem"
}  # a made up text would be refused


@dataclass(frozen=True)
class Program:
    name: str  # of the stack
    run: Callable[[], Deployment]


def platform(stack: str) -> Deployment:
    """Return the program of a stack, with simulated secrets."""
    config = read_stack_file(stack)
    values = {key: engine_value(simulate_secrets(value)) for key, value in config.items()}
    push = {"credentials": MADE_UP, **simulate_secrets(config.get(PUSH, {}))}
    values[PUSH] = engine_value(push)
    given = parse(stack, values, set(values))
    return run(
        lambda: export(reminder_platform(given)),
        stack=stack,
        config=values,
        lookups=simulate_lookups(config),
    )


def account(stack: str) -> Deployment:
    """Return the foundation of a stack's platform."""
    config = read_stack_file(stack, PROGRAMS["foundation"].folder)
    values = {key: engine_value(value) for key, value in config.items()}
    given = parse_values(FOUNDATION, stack, values, set())
    return run(
        lambda: export_plain(made(given), FoundationOutputs),
        project=FOUNDATION.project,
        stack=stack,
        config=values,
        lookups=ACCOUNT_ANSWERS,
    )


def simulate_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) in (FILE, SECRET):
            return MADE_UP
        answered = {key: simulate_secrets(each) for key, each in value.items()}
        return answered | ({"sslRootCert": AUTHORITIES} if "sslRootCert" in value else {})
    if isinstance(value, list):
        return [simulate_secrets(each) for each in value]
    return value


def engine_value(value: Any) -> str:
    """Return a setting in the form in which the engine passes it to a program."""
    return value if isinstance(value, str) else json.dumps(value)
