"""Lists every rule."""

from collections.abc import Iterator

from platform_policies import (
    access,
    buckets,
    cluster,
    eks,
    email,
    functions,
    messaging,
    network,
    protection,
    storage,
    workloads,
)
from platform_policies.resource import Resource
from platform_policies.resource_types import TYPES, find_types
from platform_policies.rule import Rule

REQUIRED_TAGS = ("system", "environment", "owner")

WITHOUT_SUBSTANCE = ("pulumi:", "herald:")  # stacks, providers and components


def check_tags(resource: Resource) -> Iterator[str]:
    if missing := [tag for tag in REQUIRED_TAGS if not resource.tags.get(tag)]:
        yield f"tags lack {', '.join(missing)}; set them in aws:defaultTags"


def check_type(resource: Resource) -> Iterator[str]:
    if resource.type not in TYPES and not resource.type.startswith(WITHOUT_SUBSTANCE):
        yield f"no rule covers {resource.type}; add it to resource_types.toml, with its rules"


RULES = [
    *messaging.RULES,
    *storage.RULES,
    *email.RULES,
    *functions.RULES,
    *access.RULES,
    *cluster.RULES,
    *workloads.RULES,
    *network.RULES,
    *eks.RULES,
    *buckets.RULES,
    *protection.RULES,
    Rule(
        name="tagged",
        reason="Without tags nobody can tell whose a resource is, or what it costs whom.",
        types=find_types("tags"),
        check=check_tags,
    ),
    Rule(
        name="type-known",
        reason="The rules do not cover resources of an unlisted type.",
        types=(),
        check=check_type,
        level="advisory",
    ),
]
