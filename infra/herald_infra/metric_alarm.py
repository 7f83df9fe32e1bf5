"""Creates an alarm that notifies a topic when a metric leaves its bounds or returns."""

from __future__ import annotations  # the modules of the SDK load only when they are used

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
    minutes: int = 1  # minutes before the alarm
    # Meaning of missing data. Idle queues and functions report none, so the default is OK. Use
    # `breaching` if silence is the fault, and `ignore` to keep the previous state.
    missing_data: Literal["notBreaching", "breaching", "ignore"] = "notBreaching"
    period: int = 60  # seconds of one data point
    topic_arn: Input[str]


def metric_alarm(name: str, args: MetricAlarmArgs, opts: ResourceOptions) -> cloudwatch.MetricAlarm:
    return cloudwatch.MetricAlarm(
        name,
        alarm_description=args.description,
        namespace=args.namespace,
        metric_name=args.metric,
        dimensions=dict(args.dimensions),
        statistic=args.statistic,
        comparison_operator=args.comparison,
        threshold=args.threshold,
        period=args.period,
        evaluation_periods=max(1, args.minutes * 60 // args.period),
        treat_missing_data=args.missing_data,
        alarm_actions=[args.topic_arn],
        ok_actions=[args.topic_arn],
        opts=opts,
    )
