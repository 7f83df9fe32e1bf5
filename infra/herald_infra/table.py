"""Creates a DynamoDB table."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import dynamodb

from herald_infra.dashboard import Metric, Panel
from herald_infra.policy_document import allow
from herald_infra.restored_data import PointInTime, origin_options
from herald_infra.restricted_pod import Environment
from herald_infra.use import Use

KEY_ACTIONS = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
READ = ["dynamodb:GetItem", "dynamodb:Query"]
CHANGE = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]


@dataclass(frozen=True, kw_only=True)
class TableArgs:
    hash_key: str
    range_key: str | None = None
    indexed: Sequence[str] = ()  # attributes with an index, in the order of range keys
    number_keys: Sequence[str] = ()  # keys and indexed attributes that are numbers; others are text
    # Attribute with the seconds since 1970 at which DynamoDB deletes the item
    expires: str | None = None
    deletion_protection: bool = True
    kms_key_arn: Input[str] | None = None  # None: the AWS-managed key of DynamoDB
    restored: PointInTime | None = None  # used only at the creation of the table


class Table(pulumi.ComponentResource):
    """Creates a table with on-demand capacity and point-in-time recovery for 35 days.

    The index of an attribute is named `by-` and the attribute, and contains whole items. Readers,
    writers and appenders have separate permissions; an appender only adds items.
    """

    name: Output[str]
    arn: Output[str]

    def __init__(self, name: str, args: TableArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("herald:infra:Table", name, {}, opts)
        child = ResourceOptions(parent=self)
        self.kms_key_arn, self.indexed = args.kms_key_arn, args.indexed

        self.table = dynamodb.Table(
            name,
            attributes=attributes(args),
            hash_key=args.hash_key,
            range_key=args.range_key,
            global_secondary_indexes=indexes(args),
            billing_mode="PAY_PER_REQUEST",
            ttl=None if args.expires is None else {"attribute_name": args.expires, "enabled": True},
            point_in_time_recovery={"enabled": True},
            server_side_encryption=encryption(args.kms_key_arn),
            deletion_protection_enabled=args.deletion_protection,
            opts=ResourceOptions.merge(child, origin_options(args.restored, ORIGIN)),
            **restored(args.restored),
        )

        self.name, self.arn = self.table.name, self.table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})

    def reader(self, name: str) -> Use:
        """Grant a service to get and query items, also by index, with `{name}_TABLE`."""
        return self.use(name, self.statement(*READ, indexes=self.indexed))

    def writer(self, name: str) -> Use:
        """Grant a service to read, put, update and delete items, with `{name}_TABLE`."""
        return self.use(name, self.statement(*READ, *CHANGE, indexes=self.indexed))

    def appender(self, name: str) -> Use:
        """Grant a service to put items, without reading or deleting any, with `{name}_TABLE`."""
        return self.use(name, self.statement("dynamodb:PutItem"))

    def use(self, name: str, statement: dict[str, Any]) -> Use:
        return Use(
            environment=Environment(values={f"{name}_TABLE": self.name}), statements=[statement]
        )

    def panels(self) -> list[Panel]:
        shown = {
            "writes": "ConsumedWriteCapacityUnits",
            "rejected writes": "WriteThrottleEvents",
            "rejected reads": "ReadThrottleEvents",
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


ORIGIN = ("restoreDateTime", "restoreSourceName", "restoreToLatestTime")


def restored(origin: PointInTime | None) -> dict[str, Any]:
    if origin is None:
        return {}
    moment: dict[str, Any] = {"restore_date_time": origin.time}
    if origin.time is None:
        moment = {"restore_to_latest_time": True}
    return {"restore_source_name": origin.source, **moment}


def attributes(args: TableArgs) -> list[dynamodb.TableAttributeArgsDict]:
    names = [args.hash_key, *([args.range_key] if args.range_key else []), *args.indexed]
    return [{"name": each, "type": "N" if each in args.number_keys else "S"} for each in names]


def indexes(args: TableArgs) -> list[dynamodb.TableGlobalSecondaryIndexArgsDict] | None:
    return [index(each, args.range_key) for each in args.indexed] or None


def index(attribute: str, range_key: str | None) -> dynamodb.TableGlobalSecondaryIndexArgsDict:
    whole: dynamodb.TableGlobalSecondaryIndexArgsDict = {
        "name": f"by-{attribute}",
        "hash_key": attribute,
        "projection_type": "ALL",
    }
    if range_key is not None:
        whole["range_key"] = range_key
    return whole


def encryption(kms_key_arn: Input[str] | None) -> dynamodb.TableServerSideEncryptionArgsDict:
    if kms_key_arn is None:
        return {"enabled": True}
    return {"enabled": True, "kms_key_arn": kms_key_arn}
