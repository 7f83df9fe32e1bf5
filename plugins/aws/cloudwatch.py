"""Manages CloudWatch alarms, dashboards and log groups."""

import json
from collections.abc import Collection
from typing import Any

from plugins.aws.resource import AwsResource, change_tags, tag_list, tag_map, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties


class MetricAlarm(AwsResource):
    """Manages alarms on one metric; expressions are not supported."""

    named_by = "name"
    service = "cloudwatch"
    missing = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
    parameters = {
        "actionsEnabled": "ActionsEnabled",
        "alarmActions": "AlarmActions",
        "alarmDescription": "AlarmDescription",
        "comparisonOperator": "ComparisonOperator",
        "datapointsToAlarm": "DatapointsToAlarm",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        "evaluationPeriods": "EvaluationPeriods",
        "extendedStatistic": "ExtendedStatistic",
        "insufficientDataActions": "InsufficientDataActions",
        "metricName": "MetricName",
        "namespace": "Namespace",
        "okActions": "OKActions",
        "period": "Period",
        "statistic": "Statistic",
        "threshold": "Threshold",
        "treatMissingData": "TreatMissingData",
        "unit": "Unit",
    }
    served = frozenset({*parameters, "dimensions", "name", "tags"})
    replaced_by = frozenset({"name"})
    defaults = {"actionsEnabled": True, "treatMissingData": "missing"}
    computed = frozenset({"evaluateLowSampleCountPercentiles"})
    forms = {
        "alarmActions": "unordered",
        "insufficientDataActions": "unordered",
        "okActions": "unordered",
    }
    conflicts = (frozenset({"extendedStatistic", "statistic"}),)
    auto_name = AutoName(maximum=255)

    def create(self, inputs: Properties) -> str:
        self._put(inputs["name"], inputs, Tags=tag_list(inputs.get("tags", {})))
        return str(inputs["name"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        alarms = self.call("describe_alarms", AlarmNames=[resource_id])["MetricAlarms"]
        if not alarms:
            return None
        alarm = alarms[0]
        arn = alarm["AlarmArn"]
        tags = self.call("list_tags_for_resource", ResourceARN=arn)["Tags"]
        values = {name: alarm.get(parameter) for name, parameter in self.parameters.items()}
        return {
            "arn": arn,
            "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])},
            "name": resource_id,
            **{name: value for name, value in values.items() if value not in (None, [], "")},
            **tag_outputs(tag_map(tags)),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        if {*changed} - {"tags"}:
            self._put(resource_id, inputs)
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_resource", ResourceARN=state["arn"], Tags=tag_list(tags)),
            lambda keys: self.call("untag_resource", ResourceARN=state["arn"], TagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_alarms", AlarmNames=[resource_id])

    def _put(self, alarm: str, inputs: Properties, **more: Any) -> None:
        request = {
            parameter: inputs[name]
            for name, parameter in self.parameters.items()
            if inputs.get(name) is not None
        }
        dimensions = tag_list(inputs.get("dimensions", {}), "Name", "Value")
        self.call("put_metric_alarm", AlarmName=alarm, Dimensions=dimensions, **request, **more)


class Dashboard(AwsResource):
    named_by = "dashboardName"
    service = "cloudwatch"
    missing = frozenset({"ResourceNotFound", "ResourceNotFoundException", "DashboardNotFoundError"})
    served = frozenset({"dashboardBody", "dashboardName"})
    replaced_by = frozenset({"dashboardName"})
    forms = {"dashboardBody": "document"}

    def create(self, inputs: Properties) -> str:
        self._put(inputs["dashboardName"], inputs["dashboardBody"])
        return str(inputs["dashboardName"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_dashboard", DashboardName=resource_id)
        if answer is None:
            return None
        return {
            "dashboardArn": answer["DashboardArn"],
            "dashboardBody": answer["DashboardBody"],
            "dashboardName": resource_id,
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self._put(resource_id, inputs["dashboardBody"])

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_dashboards", DashboardNames=[resource_id])

    def _put(self, name: str, body: Any) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.call("put_dashboard", DashboardName=name, DashboardBody=text)


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
