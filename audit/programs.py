"""The programs that are judged, run where every answer is made up.

A preview leaves what only `up` will know: whole policy documents, wherever they name a resource.
Here nothing is left, so the judges see each document as AWS would.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from foundation.account import account as made
from foundation.config import PROGRAM as FOUNDATION
from preview.made_up_foundation import made_up_answers
from preview.rehearsal import PROGRAMS, PUSH, read_stack_file
from preview.trial import Deployment, run
from stacks.exports import export, export_plain
from stacks.foundation import FoundationOutputs
from stacks.reminder_platform import reminder_platform
from stacks.stack_file import parse, parsed

MADE_UP = "made up for an audit"
FILE = {"fromFile"}
SECRET = {"secure"}
AUTHORITIES = {"fromFile": "authorities/rds/eu-central-1.pem"}  # a made up text would be refused


@dataclass(frozen=True)
class Program:
    name: str  # of the stack
    run: Callable[[], Deployment]


def platform(stack: str) -> Deployment:
    """The platform of a stack, with its secrets made up."""
    config = read_stack_file(stack)
    values = {key: told(made_up(value)) for key, value in config.items()}
    push = {"credentials": MADE_UP, **made_up(config.get(PUSH, {}))}
    values[PUSH] = told(push)
    given = parse(stack, values, set(values))
    return run(
        lambda: export(reminder_platform(given)),
        stack=stack,
        config=values,
        lookups=made_up_answers(config),
    )


def account(stack: str) -> Deployment:
    """The foundation that the platform of a stack lies in."""
    config = read_stack_file(stack, PROGRAMS["foundation"].folder)
    values = {key: told(value) for key, value in config.items()}
    given = parsed(FOUNDATION, stack, values, set())
    return run(
        lambda: export_plain(made(given), FoundationOutputs),
        project=FOUNDATION.project,
        stack=stack,
        config=values,
    )


def made_up(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) in (FILE, SECRET):
            return MADE_UP
        answered = {key: made_up(each) for key, each in value.items()}
        return answered | ({"sslRootCert": AUTHORITIES} if "sslRootCert" in value else {})
    if isinstance(value, list):
        return [made_up(each) for each in value]
    return value


def told(value: Any) -> str:
    """As the engine tells a program its settings."""
    return value if isinstance(value, str) else json.dumps(value)
