"""Manages CloudWatch alarms and dashboards."""

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
