"""A table that remembers every event of a user, in the order of their ids."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import dynamodb

from infra.dashboard import Metric, Panel
from infra.policy_document import allow

KEY_ACTIONS = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]


@dataclass(frozen=True, kw_only=True)
class EventTableArgs:
    deletion_protection: bool = True
    kms_key_arn: Input[str] | None = None  # the key that AWS manages for DynamoDB when none
    indexed: Sequence[str] = ()  # attributes by which events are read too, in the order of ids


class EventTable(pulumi.ComponentResource):
    """Keyed by `userId` and a time-ordered `id`; paid by request, recoverable for 35 days.

    DynamoDB removes an event once its `expiresAt`, in seconds since 1970, has passed. The index
    of an attribute is called `by-` and its name, and holds whole events.
    """

    name: Output[str]
    arn: Output[str]

    def __init__(
        self, name: str, args: EventTableArgs | None = None, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:EventTable", name, {}, opts)
        child = ResourceOptions(parent=self)
        args = args or EventTableArgs()
        self.kms_key_arn, self.indexed = args.kms_key_arn, args.indexed

        self.table = dynamodb.Table(
            name,
            attributes=[{"name": each, "type": "S"} for each in ("userId", "id", *args.indexed)],
            hash_key="userId",
            range_key="id",
            global_secondary_indexes=indexes(args.indexed),
            billing_mode="PAY_PER_REQUEST",
            ttl={"attribute_name": "expiresAt", "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption=encryption(args.kms_key_arn),
            deletion_protection_enabled=args.deletion_protection,
            opts=child,
        )

        self.name, self.arn = self.table.name, self.table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def write_statement(self) -> dict[str, Any]:
        """What a role needs to add events, and no more: none can be read, changed or removed."""
        return self.statement("dynamodb:PutItem")

    def read_statement(self) -> dict[str, Any]:
        """What a role needs to read the events of a user or by an index, and no more."""
        return self.statement("dynamodb:GetItem", "dynamodb:Query", indexes=self.indexed)

    def panels(self) -> list[Panel]:
        shown = {
            "writes": "ConsumedWriteCapacityUnits",
            "refused writes": "WriteThrottleEvents",
            "refused reads": "ReadThrottleEvents",
        }
        metrics = [
            Metric(
                namespace="AWS/DynamoDB",
                name=name,
                dimensions={"TableName": self.name},
                label=label,
                statistic="Sum",
            )
            for label, name in shown.items()
        ]
        return [Panel(title=f"Table {self.pulumi_resource_name}", metrics=metrics)]

    def statement(self, *actions: str, indexes: Sequence[str] = ()) -> dict[str, Any]:
        statement = allow(
            [*actions, "dynamodb:DescribeTable"],
            self.arn,
            key_actions=KEY_ACTIONS,
            key_arn=self.kms_key_arn,
        )
        arns = [Output.concat(self.arn, f"/index/by-{each}") for each in indexes]
        return {**statement, "Resource": [*statement["Resource"], *arns]}


def indexes(attributes: Sequence[str]) -> list[dynamodb.TableGlobalSecondaryIndexArgsDict] | None:
    return [
        {"name": f"by-{each}", "hash_key": each, "range_key": "id", "projection_type": "ALL"}
        for each in attributes
    ] or None


def encryption(kms_key_arn: Input[str] | None) -> dynamodb.TableServerSideEncryptionArgsDict:
    if kms_key_arn is None:
        return {"enabled": True}
    return {"enabled": True, "kms_key_arn": kms_key_arn}
