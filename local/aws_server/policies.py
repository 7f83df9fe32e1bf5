"""Evaluates IAM policies for one request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Values = Sequence[str]
NEGATIONS = {  # operator by its negation
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


class UnknownElement(Exception):
    """Reports an element of a policy that the emulator cannot evaluate."""


@dataclass(frozen=True)
class Request:
    """Describes one action on one resource, with the values of condition keys."""

    action: str  # for example sqs:SendMessage
    resource: str
    context: Mapping[str, Values]


@dataclass(frozen=True)
class Statement:
    effect: str
    actions: Values
    resources: Values
    conditions: Mapping[str, Mapping[str, Values]]
    principals: Mapping[str, Values]

    def has_principal(self, kind: str, names: Collection[str]) -> bool:
        """Return True if the statement is about one of these, or about everybody."""
        named = self.principals.get(kind, ())
        return "*" in self.principals or any(each == "*" or each in names for each in named)

    def applies_to(self, request: Request) -> bool:
        return (
            any(matches(each.lower(), request.action.lower()) for each in self.actions)
            and any(matches(each, request.resource) for each in self.resources)
            and satisfies(self.conditions, request.context)
        )


def find_refusal(policies: Iterable[Iterable[Statement]], request: Request) -> str | None:
    """Return the reason why no policy allows the request, in the words of AWS, or None."""
    effects = {each.effect for policy in policies for each in policy if each.applies_to(request)}
    if "Deny" in effects:
        return "with an explicit deny in an identity-based policy"
    if "Allow" not in effects:
        return f"because no identity-based policy allows the {request.action} action"
    return None


@lru_cache
def statements_of(document: str) -> tuple[Statement, ...]:
    return tuple(map(statement, listed(json.loads(document)["Statement"])))


def statement(element: Mapping[str, Any]) -> Statement:
    if unknown := element.keys() & {"NotAction", "NotResource", "NotPrincipal"}:
        raise UnknownElement(f"The emulator does not evaluate {unknown.pop()} in IAM policies.")
    principals = element.get("Principal", {})
    return Statement(
        effect=element["Effect"],
        actions=listed(element["Action"]),
        resources=listed(element.get("Resource", "*")),  # trust policies have none
        conditions={
            operator: {key: [text(value) for value in listed(values)] for key, values in by.items()}
            for operator, by in element.get("Condition", {}).items()
        },
        principals={"*": ["*"]}
        if principals == "*"
        else {kind: listed(names) for kind, names in principals.items()},
    )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@lru_cache(maxsize=10_000)
def matches(pattern: str, value: str) -> bool:
    """Compare a value with a pattern, in which * and ? are wildcards."""
    parts = (
        {"*": ".*", "?": "."}.get(part) or re.escape(part) for part in re.split(r"([*?])", pattern)
    )
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def matches_arn(pattern: str, value: str) -> bool:
    """Compare each of the six parts of an ARN."""
    patterns, parts = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(parts) and all(map(matches, patterns, parts))


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": matches,
    "ArnEquals": matches_arn,
    "ArnLike": matches_arn,
    "Bool": lambda expected, value: expected.lower() == value.lower(),
}


def satisfies(
    conditions: Mapping[str, Mapping[str, Values]], context: Mapping[str, Values]
) -> bool:
    lowered = {key.lower(): values for key, values in context.items()}
    return all(
        holds(operator, expected, lowered.get(key.lower()))
        for operator, keys in conditions.items()
        for key, expected in keys.items()
    )


def holds(operator: str, expected: Values, values: Values | None) -> bool:
    """Evaluate one condition; `values` is None if the request lacks the key."""
    quantifier, _, single = operator.rpartition(":")
    if quantifier == "ForAllValues":
        return all(holds(single, expected, [value]) for value in values or ())
    plain = operator.removesuffix("IfExists")
    if values is None and plain != operator:
        return True
    if plain in NEGATIONS:
        return not holds(NEGATIONS[plain], expected, values)
    if plain not in OPERATORS:
        raise UnknownElement(f"The emulator does not evaluate the condition {operator}.")
    compare = OPERATORS[plain]
    return any(compare(each, value) for each in expected for value in values or ())
