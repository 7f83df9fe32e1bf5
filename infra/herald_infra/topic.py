"""An encrypted topic that anyone with its publish statement may publish to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import sns

from infra.dashboard import Metric, Panel
from infra.metric_alarm import MetricAlarmArgs, metric_alarm
from infra.policy_document import account_of, allow, deny_plain_transport, policy_json


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    kms_key_arn: Input[str] | None = None  # the key that AWS manages for SNS when none
    publishers: Sequence[str] = ()  # AWS services, such as "ses.amazonaws.com"; need a key
    alarm_topic_arn: Input[str] | None = None


class Topic(pulumi.ComponentResource):
    """Hands each message to every subscription; encrypted at rest, TLS only.

    Roles publish by `publish_statement`, AWS services of the same account when they are
    among `publishers`. With an alarm topic, a message that SNS could not hand on is told.
    """

    arn: Output[str]
    name: Output[str]

    def __init__(
        self, name: str, args: TopicArgs | None = None, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:Topic", name, {}, opts)
        child = ResourceOptions(parent=self)
        args = args or TopicArgs()
        self.kms_key_arn = args.kms_key_arn

        self.topic = sns.Topic(
            name, kms_master_key_id=args.kms_key_arn or "alias/aws/sns", opts=child
        )
        statements = [deny_plain_transport("sns:Publish", self.topic.arn)]
        if args.publishers:
            statements.append(allow_services(args.publishers, self.topic.arn))
        self.policy = sns.TopicPolicy(
            name, arn=self.topic.arn, policy=policy_json(statements), opts=child
        )
        if args.alarm_topic_arn is not None:
            self.undelivered_alarm = metric_alarm(
                f"{name}-undelivered",
                undelivered(name, self.topic.name, args.alarm_topic_arn),
                child,
            )

        # Known once the policy is in force: SES tries a topic before it takes it as a destination.
        self.arn, self.name = self.policy.arn, self.topic.name
        self.register_outputs({"arn": self.arn, "name": self.name})

    def publish_statement(self) -> dict[str, Any]:
        """What a publisher's role needs, and no more."""
        return allow(
            ["sns:Publish"],
            self.arn,
            key_actions=["kms:Decrypt", "kms:GenerateDataKey"],
            key_arn=self.kms_key_arn,
        )

    def panels(self) -> list[Panel]:
        return [Panel(title=f"Topic {self.pulumi_resource_name}", metrics=traffic(self.name))]


def traffic(topic_name: Input[str]) -> list[Metric]:
    shown = {
        "published": "NumberOfMessagesPublished",
        "delivered": "NumberOfNotificationsDelivered",
        "failed": "NumberOfNotificationsFailed",
    }
    return [
        Metric(
            namespace="AWS/SNS",
            name=name,
            dimensions={"TopicName": topic_name},
            label=label,
            statistic="Sum",
        )
        for label, name in shown.items()
    ]


def allow_services(services: Sequence[str], topic_arn: Output[str]) -> dict[str, Any]:
    return {
        "Sid": "ServicesPublish",
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": topic_arn.apply(account_of)}},
    }


def undelivered(name: str, topic_name: Input[str], alarm_topic_arn: Input[str]) -> MetricAlarmArgs:
    return MetricAlarmArgs(
        description=f"Topic {name} could not hand a message to a subscription",
        namespace="AWS/SNS",
        metric="NumberOfNotificationsFailed",
        dimensions={"TopicName": topic_name},
        statistic="Sum",
        threshold=0,
        topic_arn=alarm_topic_arn,
    )
