"""Runs the checks of a stack, and prints a line with the remedy for each."""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from operations.checks import (
    account,
    email,
    gateway,
    permissions,
    quotas,
    running,
    settings,
    tools,
)
from operations.checks.problem import NotWell
from operations.errors import sentence
from operations.stack import Stack

Result = Literal["ok", "failed", "skipped"]
REMEDY = re.compile(r"; (?!got |found )")  # ends the problem in a message


@dataclass(frozen=True)
class Finding:
    name: str
    result: Result
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[Stack], str]  # returns the result or raises NotWell
    needs: tuple[str, ...] = ()


# Checks before an update; they also work before the first one.
BEFORE_UPDATE = (
    Check("pulumi", tools.pulumi),
    Check("kubectl", tools.kubectl),
    Check("stack file", settings.stack_file),
    Check("environment", settings.environment, needs=("stack file",)),
    Check("configuration", settings.configuration, needs=("pulumi", "stack file")),
    Check("builder", tools.builder, needs=("stack file",)),
    Check("AWS identity", account.identity, needs=("environment",)),
    Check("permissions", permissions.permissions, needs=("pulumi", "AWS identity")),
    Check("quotas", quotas.quotas, needs=("AWS identity",)),
    Check("zone", gateway.zone, needs=("AWS identity",)),
    Check("e-mail access", email.email_access, needs=("AWS identity",)),
)
CHECKS = (
    *BEFORE_UPDATE,
    Check("outputs", settings.outputs, needs=("pulumi", "stack file")),
    Check("cluster", running.cluster, needs=("kubectl", "outputs")),
    Check("deployments", running.deployments, needs=("cluster",)),
    Check("queues", running.queues, needs=("AWS identity", "outputs")),
    Check("e-mail", email.email, needs=("AWS identity", "outputs")),
    Check("gateway", gateway.gateway, needs=("zone", "outputs")),
    Check("database", running.database, needs=("outputs",)),
)


def findings(stack: Stack, checks: Sequence[Check]) -> list[Finding]:
    found: dict[str, Finding] = {}
    for check in checks:
        blocking = [name for name in check.needs if found[name].result != "ok"]
        if blocking:
            text = f"not checked, because {' and '.join(blocking)} must pass first"
            found[check.name] = Finding(check.name, "skipped", text)
        else:
            found[check.name] = finding(check, stack)
    return list(found.values())


def finding(check: Check, stack: Stack) -> Finding:
    try:
        return Finding(check.name, "ok", check.run(stack))
    except NotWell as problem:
        return Finding(check.name, "failed", problem.text, problem.remedy)
    except Exception as error:
        message = sentence(error)
        if message is None:
            raise
        text, *remedy = REMEDY.split(message, maxsplit=1)
        return Finding(check.name, "failed", text, *remedy)


def examine(stack: Stack) -> int:
    """Print a line for each check; return 1 if a check failed."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=int(os.environ["COLUMNS"]) if "COLUMNS" in os.environ else None)
    styles: dict[Result, str] = {"ok": "green", "failed": "bold red", "skipped": "dim"}
    found = findings(stack, CHECKS)
    for each in found:
        line = Text(f"{each.result:<8}", styles[each.result]).append(f"{each.name:<14}", "bold")
        console.print(line.append(each.text, "default"), soft_wrap=True)
        if each.remedy:
            console.print(Text(f"{'':22}→ {each.remedy}"), soft_wrap=True)
    failed = sum(each.result == "failed" for each in found)
    console.print(f"\n{failed} of {len(found)} checks failed." if failed
                  else f"\n{len(found)} checks passed.")  # fmt: skip
    return 1 if failed else 0
