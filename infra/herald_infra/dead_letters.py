"""Where messages end that nobody could handle, until a person looks at them."""

from __future__ import annotations  # so that the SDK's modules load only when used

from typing import Any

from pulumi import Input, Output, ResourceOptions
from pulumi_aws import sqs

from infra.dashboard import Metric
from infra.metric_alarm import MetricAlarmArgs

RETENTION = 14 * 24 * 3600  # seconds; the longest that SQS keeps a message


def queue_encryption(kms_key_arn: Input[str] | None) -> dict[str, Any]:
    """SQS's own encryption, or a customer key asked for once in five minutes."""
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
        description=f"{name} has dead letters; look at them, mend the cause, then redrive",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue_name},
        threshold=0,
        topic_arn=alarm_topic_arn,
    )
