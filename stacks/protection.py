"""Keeps data, and what opens it, from being destroyed or replaced."""

import pulumi
from pulumi import ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult

from stacks.config import StackConfig

DATA = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:kms/key:Key",
        "aws:rds/instance:Instance",
        "aws:sqs/queue:Queue",
    }
)


def protect_data(config: StackConfig) -> None:
    """Lock every resource that holds data, as the engine keeps it, but the one unlocked.

    The engine then refuses to delete or replace it, whatever flags it is called with. Where
    the lock is taken off the engine's record by hand, what AWS holds is still left alone.
    """
    locked = ResourceOptions(protect=True, retain_on_delete=True)

    def lock(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        name = args.name.removeprefix(config.prefix)
        if args.type_ not in DATA or not config.protects(name):
            return None
        return ResourceTransformationResult(args.props, ResourceOptions.merge(args.opts, locked))

    pulumi.runtime.register_stack_transformation(lock)
