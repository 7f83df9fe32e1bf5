"""Corrects filter policies on message attributes in SNS."""

from typing import Any

from moto.sns.utils import FilterPolicyMatcher

from local.aws_server.replacement import replace_method


def extend() -> None:
    """Match filter policies as the documentation of SNS describes.

    If an attribute is missing, moto evaluates only the first value of a list. A message without
    attributes also matches `{"exists": false}` in moto.
    """
    replace_method(FilterPolicyMatcher, "_attributes_based_match", staticmethod(matches))


def matches(message_attributes: dict[str, Any], source: dict[str, Any]) -> bool:
    return bool(message_attributes) and all(
        any(FilterPolicyMatcher._field_match(name, [rule], message_attributes) for rule in rules)
        for name, rules in source.items()
    )
