"""Creates a dashboard with graphs of a system."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch

WIDTH, HEIGHT, COLUMNS = 8, 6, 3  # the grid of CloudWatch has 24 columns


@dataclass(frozen=True, kw_only=True)
class Metric:
    namespace: str
    name: str
    dimensions: Mapping[str, Input[str]]
    label: str
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"] = "Maximum"

    def cloudwatch_metric(self) -> list[Any]:
        """Return the metric in the format of CloudWatch: names and values, then the options."""
        row: list[Any] = [self.namespace, self.name]
        for name, value in self.dimensions.items():
            row += [name, value]
        return [*row, {"label": self.label, "stat": self.statistic}]


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Describes a graph; `limit` draws the threshold of an alarm."""

    title: str
    metrics: Sequence[Metric]
    limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    region: str
    panels: Sequence[Panel]


class Dashboard(pulumi.ComponentResource):
    """Creates a CloudWatch dashboard with three panels per row and a resolution of one minute.

    Components of this package return their panels, for example `queue.panels()`.
    """

    name: Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("herald:infra:Dashboard", name, {}, opts)

        self.dashboard = cloudwatch.Dashboard(
            name,
            dashboard_name=name,
            dashboard_body=Output.json_dumps({"widgets": widgets(args)}),
            opts=ResourceOptions(parent=self),
        )

        self.name = self.dashboard.dashboard_name
        self.register_outputs({"name": self.name})


def widgets(args: DashboardArgs) -> list[dict[str, Any]]:
    return [
        {
            "type": "metric",
            "x": WIDTH * (place % COLUMNS),
            "y": HEIGHT * (place // COLUMNS),
            "width": WIDTH,
            "height": HEIGHT,
            "properties": graph(panel, args.region),
        }
        for place, panel in enumerate(args.panels)
    ]


def graph(panel: Panel, region: str) -> dict[str, Any]:
    drawn = {
        "title": panel.title,
        "region": region,
        "view": "timeSeries",
        "stacked": False,
        "period": 60,
        "yAxis": {"left": {"min": 0}},
        "metrics": [metric.cloudwatch_metric() for metric in panel.metrics],
    }
    if panel.limit is None:
        return drawn
    return {**drawn, "annotations": {"horizontal": [{"label": "alarm", "value": panel.limit}]}}
