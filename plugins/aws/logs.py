"""Manages CloudWatch log groups."""

from collections.abc import Collection

from plugins.aws.resource import AwsResource, change_tags, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties


class LogGroup(AwsResource):
    service = "logs"
    missing = frozenset({"ResourceNotFoundException"})
    served = frozenset(
        {"kmsKeyId", "logGroupClass", "name", "namePrefix", "retentionInDays", "skipDestroy"}
        | {"tags"}
    )
    replaced_by = frozenset({"logGroupClass", "name", "namePrefix"})
    defaults = {"retentionInDays": 0, "skipDestroy": False}
    computed = frozenset({"logGroupClass"})
    unreadable = frozenset({"skipDestroy"})
    auto_name = AutoName(maximum=512)

    def create(self, inputs: Properties) -> str:
        name = self.physical_name(inputs)
        key = {"kmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}
        tags = {"tags": inputs["tags"]} if inputs.get("tags") else {}
        kind = {"logGroupClass": inputs["logGroupClass"]} if inputs.get("logGroupClass") else {}
        self.call("create_log_group", logGroupName=name, **key, **tags, **kind)
        return name

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if inputs["retentionInDays"]:
            self._retain(resource_id, inputs["retentionInDays"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        groups = self.call("describe_log_groups", logGroupNamePrefix=resource_id)["logGroups"]
        found = [group for group in groups if group["logGroupName"] == resource_id]
        if not found:
            return None
        group, arn = found[0], found[0]["arn"].removesuffix(":*")
        tags = self.call("list_tags_for_resource", resourceArn=arn).get("tags", {})
        return {
            "arn": arn,
            "kmsKeyId": group.get("kmsKeyId"),
            "logGroupClass": group.get("logGroupClass", "STANDARD"),
            "name": resource_id,
            "retentionInDays": group.get("retentionInDays", 0),
            **tag_outputs(tags),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        arn = state["arn"]
        if "retentionInDays" in changed:
            self._retain(resource_id, inputs["retentionInDays"])
        if "kmsKeyId" in changed and inputs.get("kmsKeyId"):
            self.call("associate_kms_key", logGroupName=resource_id, kmsKeyId=inputs["kmsKeyId"])
        elif "kmsKeyId" in changed:
            self.call("disassociate_kms_key", logGroupName=resource_id)
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_resource", resourceArn=arn, tags=tags),
            lambda keys: self.call("untag_resource", resourceArn=arn, tagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            self.find("delete_log_group", logGroupName=resource_id)

    def _retain(self, name: str, days: int) -> None:
        if days:
            self.call("put_retention_policy", logGroupName=name, retentionInDays=days)
        else:
            self.call("delete_retention_policy", logGroupName=name)
