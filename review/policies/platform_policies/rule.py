"""Defines rules and the checks that many rules share."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from platform_policies.resource import NotYetKnown, Resource

Check = Callable[[Resource], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Defines a rule; `check` yields one sentence for each problem of a resource."""

    name: str
    reason: str
    types: tuple[str, ...]  # empty: all types
    check: Check
    level: Literal["mandatory", "advisory"] = "mandatory"

    def applies_to(self, resource_type: str) -> bool:
        return not self.types or resource_type in self.types

    def problems(self, resource: Resource) -> list[str]:
        """Return the known problems; checks of unknown values are repeated after `up`."""
        found: list[str] = []
        if self.applies_to(resource.type):
            try:
                for problem in self.check(resource):
                    found.append(problem)
            except NotYetKnown:
                pass
        return found


def spelt(value: Any) -> str:
    return (
        "missing" if value is None else f"{value}".lower() if value in (True, False) else f"{value}"
    )


def is_one_of(path: str, *allowed: Any) -> Check:
    def check(resource: Resource) -> Iterator[str]:
        if (value := resource.at(path)) not in allowed:
            yield f"{path} is {spelt(value)}; expected {' or '.join(map(spelt, allowed))}"

    return check


def is_set(path: str) -> Check:
    def check(resource: Resource) -> Iterator[str]:
        if not resource.has(path):
            yield f"{path} is missing"

    return check


def is_at_least(path: str, least: float, unit: str) -> Check:
    def check(resource: Resource) -> Iterator[str]:
        value = resource.at(path)
        if value is None or value < least:
            came = "missing" if value is None else f"{value:g} {unit}"
            yield f"{path} is {came}; expected at least {least:g} {unit}"

    return check


def contains(path: str, *expected: str) -> Check:
    def check(resource: Resource) -> Iterator[str]:
        if missing := [each for each in expected if each not in resource.list_at(path)]:
            yield f"{path} lacks {', '.join(missing)}"

    return check


def where_data_lasts(check: Check) -> Check:
    """Skip environments whose data may be lost, and unlocked resources, by their tags."""

    def lasting(resource: Resource) -> Iterator[str]:
        if not resource.is_disposable and not resource.is_unlocked:
            yield from check(resource)

    return lasting
