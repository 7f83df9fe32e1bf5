"""Manages schedules of EventBridge Scheduler."""

from collections.abc import Collection
from typing import Any

from plugins.aws.letter_case import capitalize, uncapitalize
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
        self.call("create_schedule", Name=name, GroupName=group, **self._parameters(inputs))
        return f"{group}/{name}"

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        group, _, name = resource_id.partition("/")
        answer = self.find("get_schedule", Name=name, GroupName=group)
        if answer is None:
            return None
        found = uncapitalize(answer)
        return {
            "actionAfterCompletion": "NONE",
            **{each: found.get(each) or None for each in self.parameters if found.get(each)},
            "arn": answer["Arn"],
            "groupName": group,
            "name": name,
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        group, _, name = resource_id.partition("/")
        self.call("update_schedule", Name=name, GroupName=group, **self._parameters(inputs))

    def delete(self, resource_id: str, state: Properties) -> None:
        group, _, name = resource_id.partition("/")
        self.find("delete_schedule", Name=name, GroupName=group)

    def _parameters(self, inputs: Properties) -> dict[str, Any]:
        request = {each: inputs[each] for each in self.parameters if inputs.get(each) is not None}
        return dict(capitalize(request))
