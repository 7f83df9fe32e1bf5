"""Checks what the statements of AWS policy documents allow."""

import re
from collections.abc import Iterator
from typing import Any

from platform_policies.resource import Resource
from platform_policies.rule import Check

# Anything that is left open to all by these keys is open to nobody outside.
NARROWING = re.compile(
    r"^aws:(source(account|arn|orgid|vpc|vpce|owner)|principal(account|arn|orgid))$", re.IGNORECASE
)


def listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def statements(resource: Resource, path: str, effect: str = "Allow") -> list[dict[str, Any]]:
    document = resource.document(path) or {}
    return [each for each in listed(document.get("Statement")) if each.get("Effect") == effect]


def is_anyone(principal: Any) -> bool:
    values = principal.values() if isinstance(principal, dict) else [principal]
    return any("*" in listed(value) for value in values)


def is_narrowed(statement: dict[str, Any]) -> bool:
    conditions = statement.get("Condition", {})
    return any(
        NARROWING.match(key) and "*" not in listed(value)
        for operator, keys in conditions.items()
        if not operator.startswith(("StringNot", "ArnNot"))
        for key, value in keys.items()
    )


def label(statement: dict[str, Any]) -> str:
    return f"statement {statement['Sid']}" if "Sid" in statement else "a statement"


def admits_no_stranger(path: str) -> Check:
    def check(resource: Resource) -> Iterator[str]:
        for each in statements(resource, path):
            if is_anyone(each.get("Principal")) and not is_narrowed(each):
                yield f"{label(each)} admits everyone; name a principal, or an account or ARN"
            if "NotPrincipal" in each:
                yield f"{label(each)} admits everyone but some; name who is admitted"

    return check


def refuses_plain_transport(path: str) -> Check:
    def check(resource: Resource) -> Iterator[str]:
        for each in statements(resource, path, effect="Deny"):
            secure = each.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
            if is_anyone(each.get("Principal")) and listed(secure) in (["false"], [False]):
                return
        yield 'no statement denies everyone when aws:SecureTransport is "false"'

    return check


def services_come_from_one_account(path: str) -> Check:
    """Require `aws:SourceAccount` of AWS services, because they act for every customer."""

    def check(resource: Resource) -> Iterator[str]:
        for each in statements(resource, path):
            principal = each.get("Principal")
            if isinstance(principal, dict) and "Service" in principal and not is_narrowed(each):
                services = ", ".join(listed(principal["Service"]))
                yield f"{label(each)} admits {services} for any account; add aws:SourceAccount"

    return check
