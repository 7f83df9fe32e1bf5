"""Corrects filter policies on message attributes in SNS."""

from typing import Any

from moto.sns.utils import FilterPolicyMatcher

from local.aws_server.replacement import replace_method


def extend() -> None:
    """Follow the documentation of SNS on attribute matching and filter policies.

    If an attribute is missing, moto evaluates only the first value of a list. It also matches
    `{"exists": false}` with a message without attributes.
    """
    replace_method(FilterPolicyMatcher, "_attributes_based_match", staticmethod(matches))


def matches(message_attributes: dict[str, Any], source: dict[str, Any]) -> bool:
    return bool(message_attributes) and all(
        any(FilterPolicyMatcher._field_match(name, [rule], message_attributes) for rule in rules)
        for name, rules in source.items()
    )
