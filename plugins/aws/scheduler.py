"""Serves schedules of EventBridge Scheduler."""

from collections.abc import Collection
from typing import Any

from plugins.aws.letter_case import capitalized, uncapitalized
from plugins.aws.resource import AwsResource
from plugins.resource import AutoName
from plugins.values import Properties


class Schedule(AwsResource):
    service = "scheduler"
    missing = frozenset({"ResourceNotFoundException"})
    parameters = (
        "actionAfterCompletion",
        "description",
        "flexibleTimeWindow",
        "kmsKeyArn",
        "scheduleExpression",
        "scheduleExpressionTimezone",
        "state",
        "target",
    )
    served = frozenset({*parameters, "groupName", "name", "namePrefix"})
    replaced_by = frozenset({"groupName", "name", "namePrefix"})
    defaults = {"scheduleExpressionTimezone": "UTC", "state": "ENABLED"}
    computed = frozenset({"actionAfterCompletion", "groupName"})
    forms = {"flexibleTimeWindow": "partial", "target": "partial"}
    auto_name = AutoName(maximum=64)

    def create(self, inputs: Properties) -> str:
        name, group = self.physical_name(inputs), inputs.get("groupName", "default")
        self.call("create_schedule", Name=name, GroupName=group, **self._given(inputs))
        return f"{group}/{name}"

    def look(self, resource_id: str, state: Properties) -> Properties | None:
        group, _, name = resource_id.partition("/")
        told = self.find("get_schedule", Name=name, GroupName=group)
        if told is None:
            return None
        found = uncapitalized(told)
        return {
            "actionAfterCompletion": "NONE",
            **{each: found.get(each) or None for each in self.parameters if found.get(each)},
            "arn": told["Arn"],
            "groupName": group,
            "name": name,
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        group, _, name = resource_id.partition("/")
        self.call("update_schedule", Name=name, GroupName=group, **self._given(inputs))

    def delete(self, resource_id: str, state: Properties) -> None:
        group, _, name = resource_id.partition("/")
        self.find("delete_schedule", Name=name, GroupName=group)

    def _given(self, inputs: Properties) -> dict[str, Any]:
        given = {each: inputs[each] for each in self.parameters if inputs.get(each) is not None}
        return dict(capitalized(given))
