"""Alarms on AWS's own metrics are on metrics that AWS documents, and read missing data rightly."""

from typing import Literal, NamedTuple

import pytest

SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"
SNS = "https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"
RDS = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html"
APS = "https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-CW-usage-metrics.html"
SES = "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-cloudwatch.html"


class Documented(NamedTuple):
    """When AWS reports a metric.

    `always`: each minute while the resource exists; `active`: only while there is something to
    report, so a resource at rest has no data; `changes`: when the value is computed anew.
    """

    dimensions: tuple[str, ...]
    statistics: tuple[str, ...]  # that the documentation calls useful
    reported: Literal["always", "active", "changes"]
    page: str


METRICS = {
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): Documented(
        ("QueueName",), ("Average", "Maximum", "Minimum"), "active", SQS
    ),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): Documented(
        ("QueueName",), ("Average", "Maximum", "Minimum"), "active", SQS
    ),
    ("AWS/SNS", "NumberOfNotificationsFailed"): Documented(
        ("TopicName",), ("Sum", "Average"), "active", SNS
    ),
    ("AWS/Lambda", "Errors"): Documented(("FunctionName",), ("Sum",), "active", LAMBDA),
    ("AWS/Lambda", "Invocations"): Documented(("FunctionName",), ("Sum",), "active", LAMBDA),
    ("AWS/RDS", "CPUUtilization"): Documented(
        ("DBInstanceIdentifier",), ("Average", "Maximum"), "always", RDS
    ),
    ("AWS/RDS", "DatabaseConnections"): Documented(
        ("DBInstanceIdentifier",), ("Average", "Maximum", "Minimum"), "always", RDS
    ),
    ("AWS/RDS", "FreeStorageSpace"): Documented(
        ("DBInstanceIdentifier",), ("Average", "Minimum"), "always", RDS
    ),
    ("AWS/Prometheus", "AlertManagerNotificationsFailed"): Documented(
        ("Workspace",), ("Sum",), "active", APS
    ),
    ("AWS/SES", "Reputation.BounceRate"): Documented(
        ("ses:configuration-set",), ("Average",), "changes", SES
    ),
    ("AWS/SES", "Reputation.ComplaintRate"): Documented(
        ("ses:configuration-set",), ("Average",), "changes", SES
    ),
}  # fmt: skip
# An alarm on too much is over when a resource rests; one on too little is about silence.
FITTING = {
    ("active", "GreaterThanThreshold"): {"notBreaching"},
    ("active", "LessThanThreshold"): {"breaching"},
    ("always", "GreaterThanThreshold"): {"notBreaching"},
    ("always", "LessThanThreshold"): {"notBreaching", "breaching"},
    ("changes", "GreaterThanThreshold"): {"ignore"},
}


@pytest.mark.parametrize("stack", ["local", "dev", "staging", "prod"])
def test_alarms_are_on_documented_metrics(platform, stack):
    alarms = platform(stack).all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert alarms
    for alarm in alarms:
        inputs = alarm.inputs
        known = METRICS[inputs["namespace"], inputs["metricName"]]
        assert tuple(inputs["dimensions"]) == known.dimensions, alarm.name
        assert inputs["statistic"] in known.statistics, alarm.name
        fitting = FITTING[known.reported, inputs["comparisonOperator"]]
        assert inputs["treatMissingData"] in fitting, alarm.name
        assert inputs["period"] in (60, 3600), alarm.name
        assert inputs["alarmActions"] == inputs["okActions"] != [], alarm.name


def test_no_metric_is_listed_in_vain(platform):
    used = {
        (alarm.inputs["namespace"], alarm.inputs["metricName"])
        for stack in ("dev", "prod")
        for alarm in platform(stack).all("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert used == set(METRICS)


def test_silence_is_an_alarm(platform):
    """A function that is not started, and a server that is gone, report nothing at all."""
    silent = {
        alarm.name
        for alarm in platform("dev").all("aws:cloudwatch/metricAlarm:MetricAlarm")
        if alarm.inputs["treatMissingData"] == "breaching"
    }
    assert silent == {"dev-notification-scheduler-not-started", "dev-postgres-silent"}
