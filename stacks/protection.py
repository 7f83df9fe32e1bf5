"""Keeps data, and what opens it, from being destroyed or replaced, and roles from growing."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import pulumi
from pulumi import Input, ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult

from stacks.unlock import Unlock

DATA = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:sqs/queue:Queue",
    }
)


class Protection(Protocol):
    """What a configuration says about it."""

    @property
    def prefix(self) -> str: ...
    @property
    def unlock(self) -> Unlock | None: ...
    def protects(self, name: str) -> bool: ...


def protect_data(config: Protection, data: Collection[str] = DATA) -> None:
    """Lock every resource that holds data, as the engine keeps it, but the one unlocked.

    The engine then refuses to delete or replace it, whatever flags it is called with. Where
    the lock is taken off the engine's record by hand, what AWS holds is still left alone.
    """
    locked = ResourceOptions(protect=True, retain_on_delete=True)

    def lock(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        name = args.name.removeprefix(config.prefix)
        if args.type_ not in data:
            return None
        if config.unlock is not None and config.unlock.resource == name:
            return ResourceTransformationResult(unlocked(args.props, config.unlock), args.opts)
        if not config.protects(name):
            return None
        return ResourceTransformationResult(args.props, ResourceOptions.merge(args.opts, locked))

    pulumi.runtime.register_stack_transformation(lock)


def unlocked(properties: Mapping[str, Any], unlock: Unlock) -> dict[str, Any]:
    """Says so in a tag, by which the policies know that it is meant to be without a lock."""
    tags = {**(properties.get("tags") or {}), "unlocked-until": unlock.until.isoformat()}
    return {**properties, "tags": tags}


def bound_roles(boundary_arn: Input[str] | None) -> None:
    """Let no role do more than the boundary, if there is one, whatever its policies allow."""
    if boundary_arn is None:
        return

    def bound(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        if args.type_ != "aws:iam/role:Role":
            return None
        bounded = {**args.props, "permissions_boundary": boundary_arn}
        return ResourceTransformationResult(bounded, args.opts)

    pulumi.runtime.register_stack_transformation(bound)
