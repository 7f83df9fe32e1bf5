"""Locks data and their keys against deletion and replacement, and limits roles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pulumi
from pulumi import Input, ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult

from stacks.config.project import PROJECT
from stacks.config.unlock import Unlock

DATA = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:eks/cluster:Cluster",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
        "aws:sqs/queue:Queue",
    }
)


class Protection(Protocol):
    """Lists the configuration of locks."""

    @property
    def prefix(self) -> str: ...
    @property
    def unlock(self) -> Unlock | None: ...
    def protects(self, name: str) -> bool: ...


@dataclass(frozen=True)
class Lock:
    """Records the resources that this run locked or unlocked."""

    config: Protection
    data: set[str] = field(default_factory=set)  # names without the prefix of the environment

    def expect_unlocked_exists(self) -> None:
        """Raise an error if the program did not create the unlocked resource."""
        unlock = self.config.unlock
        if unlock is not None and unlock.resource not in self.data:
            raise pulumi.RunError(
                f"{PROJECT}:unlock.resource is wrong: expected one of "
                f"{', '.join(sorted(self.data))}; got {json.dumps(unlock.resource)}."
            )


def protect_data(config: Protection) -> Lock:
    """Lock every resource with data, except the unlocked one.

    The engine then refuses to delete or replace it. If somebody removes the lock from the state,
    AWS still keeps the data.
    """
    locked = ResourceOptions(protect=True, retain_on_delete=True)
    record = Lock(config)

    def lock(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        name = args.name.removeprefix(config.prefix)
        if args.type_ not in DATA:
            return None
        record.data.add(name)
        if config.unlock is not None and config.unlock.resource == name:
            return ResourceTransformationResult(tag_unlocked(args.props, config.unlock), args.opts)
        if not config.protects(name):
            return None
        return ResourceTransformationResult(args.props, ResourceOptions.merge(args.opts, locked))

    pulumi.runtime.register_stack_transformation(lock)
    return record


def tag_unlocked(properties: Mapping[str, Any], unlock: Unlock) -> dict[str, Any]:
    """Add a tag that policies recognize as an intended unlock."""
    tags = {**(properties.get("tags") or {}), "unlocked-until": unlock.until.isoformat()}
    return {**properties, "tags": tags}


def bound_roles(boundary_arn: Input[str] | None) -> None:
    """Set the permissions boundary, if there is one, on every role."""
    if boundary_arn is None:
        return

    def bound(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        if args.type_ != "aws:iam/role:Role":
            return None
        bounded = {**args.props, "permissions_boundary": boundary_arn}
        return ResourceTransformationResult(bounded, args.opts)

    pulumi.runtime.register_stack_transformation(bound)
