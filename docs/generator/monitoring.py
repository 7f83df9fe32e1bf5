"""Describes the metrics of the services, and the alarms of a stack."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import event_service.metrics
import notification_scheduler.metrics
import notification_service.metrics
import service_runtime.metrics
from prometheus_client.metrics import MetricWrapperBase

from docs.generator.markdown import code, page, table
from review.audit.programs import platform

METRICS = """\
Every service serves these at `/metrics` on port 9090, as Prometheus text. [Operating the
services](../operations.md) says what to watch."""
ALARMS = """\
CloudWatch alarms of the stack `prod`. Each notifies the alarm topic, and the addresses in
`herald:alarmEmails`. [Runbooks](../runbooks/README.md) say what to do."""
MODULES = {
    "All services": service_runtime.metrics,
    "event-service": event_service.metrics,
    "notification-scheduler": notification_scheduler.metrics,
    "notification-service": notification_service.metrics,
}
SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


def metrics_page() -> str:
    sections = [
        f"## {title}\n\n" + table(("metric", "kind", "labels", "meaning"), metric_rows(module))
        for title, module in MODULES.items()
    ]
    return page("Metrics", METRICS, *sections)


def metric_rows(module: ModuleType) -> Iterator[tuple[str, str, str, str]]:
    for one in vars(module).values():
        if isinstance(one, MetricWrapperBase):
            name = f"{one._name}_total" if one._type == "counter" else one._name
            labels = ", ".join(map(code, one._labelnames))
            yield code(name), str(one._type), labels, one._documentation


def alarms_page() -> str:
    alarms = platform("prod").all("aws:cloudwatch/metricAlarm:MetricAlarm")
    titles = ("alarm", "metric", "condition", "description")
    return page(
        "Alarms", ALARMS, table(titles, (alarm_row(each.name, each.inputs) for each in alarms))
    )


def alarm_row(name: str, inputs: dict[str, Any]) -> tuple[str, str, str, str]:
    sign = SIGNS[inputs["comparisonOperator"]]
    minutes = inputs["evaluationPeriods"] * inputs["period"] / 60
    threshold = f"{inputs['threshold']:,}".removesuffix(".0")
    silence = " or no data" if inputs.get("treatMissingData") == "breaching" else ""
    condition = f"{inputs['statistic']} {sign} {threshold}{silence} for {minutes:g} min"
    metric = f"{inputs['namespace']} {inputs['metricName']}"
    return code(name), code(metric), condition, inputs["alarmDescription"]
