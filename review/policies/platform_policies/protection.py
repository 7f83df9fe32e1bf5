"""Defines rules for the protection of data and keys."""

from collections.abc import Iterator

from platform_policies.resource import Resource
from platform_policies.resource_types import find_types
from platform_policies.rule import Rule, where_data_lasts


def protected(resource: Resource) -> Iterator[str]:
    if not resource.protect:
        yield "the option protect is not set; lock it, or unlock it by name and date"


RULES = [
    Rule(
        name="data-protected",
        reason="One mistaken command can delete or replace resources without a lock.",
        types=find_types("data"),
        check=where_data_lasts(protected),
    )
]
