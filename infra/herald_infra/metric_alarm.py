"""An alarm that tells a topic when a metric leaves its bounds, and when it returns."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pulumi import Input, ResourceOptions
from pulumi_aws import cloudwatch


@dataclass(frozen=True, kw_only=True)
class MetricAlarmArgs:
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, Input[str]]
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"] = "Maximum"
    comparison: Literal["GreaterThanThreshold", "LessThanThreshold"] = "GreaterThanThreshold"
    threshold: float
    minutes: int = 1  # how long it must last
    topic_arn: Input[str]


def metric_alarm(name: str, args: MetricAlarmArgs, opts: ResourceOptions) -> cloudwatch.MetricAlarm:
    """No data counts as well: a queue or function that rests reports none."""
    return cloudwatch.MetricAlarm(
        name,
        alarm_description=args.description,
        namespace=args.namespace,
        metric_name=args.metric,
        dimensions=dict(args.dimensions),
        statistic=args.statistic,
        comparison_operator=args.comparison,
        threshold=args.threshold,
        period=60,
        evaluation_periods=args.minutes,
        treat_missing_data="notBreaching",
        alarm_actions=[args.topic_arn],
        ok_actions=[args.topic_arn],
        opts=opts,
    )
