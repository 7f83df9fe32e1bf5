"""Creates dead-letter queues, which keep failed messages until an operator decides."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from typing import Any

from pulumi import Input, Output, ResourceOptions
from pulumi_aws import sqs

from herald_infra.dashboard import Metric
from herald_infra.metric_alarm import MetricAlarmArgs

RETENTION = 14 * 24 * 3600  # seconds; the longest retention of SQS


def queue_encryption(kms_key_arn: Input[str] | None) -> dict[str, Any]:
    """Return the encryption of a queue: that of SQS, or a customer key, cached for five minutes."""
    if kms_key_arn is None:
        return {"sqs_managed_sse_enabled": True}
    return {"kms_master_key_id": kms_key_arn, "kms_data_key_reuse_period_seconds": 300}


def dead_letter_queue(
    name: str, kms_key_arn: Input[str] | None, opts: ResourceOptions
) -> sqs.Queue:
    return sqs.Queue(
        f"{name}-dead-letters",
        message_retention_seconds=RETENTION,
        opts=opts,
        **queue_encryption(kms_key_arn),
    )


def queue_metric(queue_name: Input[str], name: str, label: str) -> Metric:
    return Metric(namespace="AWS/SQS", name=name, dimensions={"QueueName": queue_name}, label=label)


def dead_letters_metric(queue_name: Input[str]) -> Metric:
    return queue_metric(queue_name, "ApproximateNumberOfMessagesVisible", "dead letters")


def dead_letters_not_empty(
    name: str, queue_name: Output[str], alarm_topic_arn: Input[str]
) -> MetricAlarmArgs:
    return MetricAlarmArgs(
        description=f"{name} has dead letters; list them, correct the cause, then redrive",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue_name},
        threshold=0,
        topic_arn=alarm_topic_arn,
    )
