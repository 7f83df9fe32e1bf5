"""Manages DynamoDB tables."""

import time
from collections.abc import Collection, Mapping
from typing import Any

from plugins.aws.dynamodb_table import (
    attribute_definitions,
    changed_settings,
    creation_request,
    index_definition,
    recovery_outputs,
    restore_request,
    table_outputs,
)
from plugins.aws.resource import AwsResource, change_tags, tag_list, tag_map, tag_outputs
from plugins.errors import RefusedByService
from plugins.resource import AutoName
from plugins.values import Properties

_INDEX_SECONDS = 60
_AFTERWARDS = frozenset({"pointInTimeRecovery", "ttl"})  # not part of a table's creation
_RESTORE = frozenset({"restoreDateTime", "restoreSourceName", "restoreToLatestTime"})


class Table(AwsResource):
    named_by = "name"
    service = "dynamodb"
    missing = frozenset({"ResourceNotFoundException"})
    served = frozenset(
        {"attributes", "billingMode", "deletionProtectionEnabled", "globalSecondaryIndexes"}
        | {"hashKey", "localSecondaryIndexes", "name", "pointInTimeRecovery", "rangeKey"}
        | {"readCapacity", "serverSideEncryption", "streamEnabled", "streamViewType", "tags"}
        | {"ttl", "writeCapacity"}
        | _RESTORE
    )
    replaced_by = frozenset({"hashKey", "localSecondaryIndexes", "name", "rangeKey"}) | _RESTORE
    unreadable = _RESTORE
    defaults = {"billingMode": "PROVISIONED"}
    computed = frozenset(
        {"pointInTimeRecovery", "readCapacity", "serverSideEncryption", "streamViewType", "ttl"}
        | {"writeCapacity"}
    )
    forms = {
        "attributes": "unordered",
        "globalSecondaryIndexes": "unordered",
        "localSecondaryIndexes": "unordered",
        "pointInTimeRecovery": "partial",
        "serverSideEncryption": "partial",
    }
    auto_name = AutoName(maximum=255)

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        if "hashKey" not in inputs:
            return [("hashKey", "aws:dynamodb/table:Table needs the property hashKey; set it")]
        if inputs["billingMode"] == "PROVISIONED" and not {
            "readCapacity",
            "writeCapacity",
        } <= {*inputs}:
            reason = "aws:dynamodb/table:Table with billingMode PROVISIONED needs readCapacity and "
            return [("readCapacity", f"{reason}writeCapacity; set both or use PAY_PER_REQUEST")]
        return []

    def create(self, inputs: Properties) -> str:
        if "restoreSourceName" in inputs:
            answer = self.call("restore_table_to_point_in_time", **restore_request(inputs))
        else:
            answer = self.call("create_table", TableName=inputs["name"], **creation_request(inputs))
        return str(answer["TableDescription"]["TableName"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Set backups and expiry.

        As the official plugin, leave tags and deletion protection of a restored table to the next
        update.
        """
        if "restoreSourceName" in inputs:
            self._wait(resource_id)
        self.update(resource_id, inputs, inputs, _AFTERWARDS & {*inputs})

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("describe_table", TableName=resource_id)
        if answer is None:
            return None
        table = answer["Table"]
        ttl = self.call("describe_time_to_live", TableName=resource_id)["TimeToLiveDescription"]
        backups = self.call("describe_continuous_backups", TableName=resource_id)
        tags = self.call("list_tags_of_resource", ResourceArn=table["TableArn"])["Tags"]
        return {
            **table_outputs(table),
            "ttl": {
                "attributeName": ttl.get("AttributeName", ""),
                "enabled": ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"),
            },
            "pointInTimeRecovery": recovery_outputs(backups["ContinuousBackupsDescription"]),
            **tag_outputs(tag_map(tags)),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        if "ttl" in changed:
            self._expire(resource_id, state.get("ttl", {}), inputs.get("ttl", {}))
        if "pointInTimeRecovery" in changed:
            backups = inputs.get("pointInTimeRecovery", {})
            self.call(
                "update_continuous_backups",
                TableName=resource_id,
                PointInTimeRecoverySpecification={
                    "PointInTimeRecoveryEnabled": backups.get("enabled", False)
                },
            )
        settings = changed_settings(inputs, changed)
        if settings:
            self.call("update_table", TableName=resource_id, **settings)
        if "globalSecondaryIndexes" in changed and state.get("arn"):
            self._change_indexes(resource_id, state, inputs)
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_resource", ResourceArn=state["arn"], Tags=tag_list(tags)),
            lambda keys: self.call("untag_resource", ResourceArn=state["arn"], TagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        answer = self.find("describe_table", TableName=resource_id)
        if answer and answer["Table"].get("DeletionProtectionEnabled"):
            raise RefusedByService(
                f"table {resource_id!r} has deletionProtectionEnabled; "
                "set it to false and run `pulumi up` before deleting it"
            )
        self.find("delete_table", TableName=resource_id)

    def _expire(self, table: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        if not old.get("enabled") and not new.get("enabled"):
            return
        attribute = new.get("attributeName") or old.get("attributeName")
        self.call(
            "update_time_to_live",
            TableName=table,
            TimeToLiveSpecification={
                "Enabled": new.get("enabled", False),
                "AttributeName": attribute,
            },
        )

    def _change_indexes(self, table: str, state: Properties, inputs: Properties) -> None:
        """Change indexes one at a time, as DynamoDB requires."""
        old, new = (
            {
                index["name"]: index_definition(index)
                for index in each.get("globalSecondaryIndexes", [])
            }
            for each in (state, inputs)
        )
        gone = [name for name in old if old[name] != new.get(name)]
        made = [name for name in new if old.get(name) != new[name]]
        changes = [{"Delete": {"IndexName": name}} for name in gone]
        for change in [*changes, *({"Create": new[name]} for name in made)]:
            self.call(
                "update_table",
                TableName=table,
                AttributeDefinitions=attribute_definitions(inputs),
                GlobalSecondaryIndexUpdates=[change],
            )
            self._wait(table)

    def _wait(self, table: str) -> None:
        deadline = time.monotonic() + _INDEX_SECONDS
        while time.monotonic() < deadline:
            current = self.call("describe_table", TableName=table)["Table"]
            states = [index["IndexStatus"] for index in current.get("GlobalSecondaryIndexes", [])]
            if {current["TableStatus"], *states} == {"ACTIVE"}:
                return
            time.sleep(0.2)
        raise RefusedByService(
            f"table {table!r} was not ready within {_INDEX_SECONDS} s; try again"
        )
