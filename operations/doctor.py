"""Checks what a stack and its operator need, one line each, and says what to do."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from herald import checks
from herald.errors import sentence
from herald.stack import Stack

Result = Literal["ok", "wrong", "skipped"]


@dataclass(frozen=True)
class Finding:
    name: str
    result: Result
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[Stack], str]  # what is well; raises NotWell
    needs: tuple[str, ...] = ()


CHECKS = (
    Check("pulumi", checks.pulumi),
    Check("kubectl", checks.kubectl),
    Check("stack file", checks.stack_file),
    Check("environment", checks.environment, needs=("stack file",)),
    Check("configuration", checks.configuration, needs=("pulumi", "stack file")),
    Check("builder", checks.builder, needs=("stack file",)),
    Check("AWS identity", checks.identity, needs=("environment",)),
    Check("outputs", checks.outputs, needs=("pulumi", "stack file")),
    Check("cluster", checks.cluster, needs=("kubectl", "outputs")),
    Check("deployments", checks.deployments, needs=("cluster",)),
    Check("queues", checks.queues, needs=("AWS identity", "outputs")),
    Check("e-mail", checks.email, needs=("AWS identity", "outputs")),
    Check("database", checks.database, needs=("outputs",)),
)


def findings(stack: Stack) -> list[Finding]:
    found: dict[str, Finding] = {}
    for check in CHECKS:
        blocking = [name for name in check.needs if found[name].result != "ok"]
        if blocking:
            text = f"not checked, since {' and '.join(blocking)} must be well first"
            found[check.name] = Finding(check.name, "skipped", text)
        else:
            found[check.name] = finding(check, stack)
    return list(found.values())


def finding(check: Check, stack: Stack) -> Finding:
    try:
        return Finding(check.name, "ok", check.run(stack))
    except checks.NotWell as problem:
        return Finding(check.name, "wrong", problem.text, problem.remedy)
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        text, _, remedy = told.partition("; ")
        return Finding(check.name, "wrong", text, remedy)


def examine(stack: Stack) -> int:
    """Print a line for each check; 1 when something is wrong."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=int(os.environ["COLUMNS"]) if "COLUMNS" in os.environ else None)
    styles: dict[Result, str] = {"ok": "green", "wrong": "bold red", "skipped": "dim"}
    found = findings(stack)
    for each in found:
        line = Text(f"{each.result:<8}", styles[each.result]).append(f"{each.name:<14}", "bold")
        console.print(line.append(each.text, "default"), soft_wrap=True)
        if each.remedy:
            console.print(Text(f"{'':22}→ {each.remedy}"), soft_wrap=True)
    wrong = sum(each.result == "wrong" for each in found)
    console.print(f"\n{wrong} of {len(found)} checks found something wrong." if wrong
                  else f"\nAll {len(found)} checks are well.")  # fmt: skip
    return 1 if wrong else 0
