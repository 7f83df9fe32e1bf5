"""Creates an encrypted topic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import sns

from herald_infra.dashboard import Metric, Panel
from herald_infra.metric_alarm import MetricAlarmArgs, metric_alarm
from herald_infra.policy_document import account_of, allow, deny_plain_transport, policy_json
from herald_infra.restricted_pod import Environment
from herald_infra.service_secret import SecretKey
from herald_infra.use import Use

PROMETHEUS = "aps.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    kms_key_arn: Input[str] | None = None  # None: the AWS-managed key of SNS
    # AWS services, for example "ses.amazonaws.com"; they need a customer key
    publishers: Sequence[str] = ()
    alarm_topic_arn: Input[str] | None = None


class Topic(pulumi.ComponentResource):
    """Creates a topic that delivers each message to every subscription, encrypted and over TLS.

    Roles publish with `publish_statement`. AWS services of the account publish if `publishers`
    contains them. If `alarm_topic_arn` is set, an alarm fires on messages that SNS could not
    deliver.
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

        # Available once the policy applies, because SES tests a topic before it uses it.
        self.arn, self.name = self.policy.arn, self.topic.name
        self.register_outputs({"arn": self.arn, "name": self.name})

    def publish_statement(self) -> dict[str, Any]:
        """Return the permission to publish to the topic."""
        return allow(
            ["sns:Publish"],
            self.arn,
            key_actions=["kms:Decrypt", "kms:GenerateDataKey"],
            key_arn=self.kms_key_arn,
        )

    def publisher(self, name: str, key: SecretKey | None = None) -> Use:
        """Grant a service to publish, with `{name}_TOPIC_ARN`, or with the ARN in `key`."""
        variable = f"{name}_TOPIC_ARN"
        if key is None:
            environment = Environment(values={variable: self.arn})
        else:
            environment = Environment(secrets={variable: key})
        return Use(environment=environment, statements=[self.publish_statement()])

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
    # Prometheus reads the topic before it publishes.
    reads = ["sns:GetTopicAttributes"] if PROMETHEUS in services else []
    return {
        "Sid": "ServicesPublish",
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": ["sns:Publish", *reads],
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": topic_arn.apply(account_of)}},
    }


def undelivered(name: str, topic_name: Input[str], alarm_topic_arn: Input[str]) -> MetricAlarmArgs:
    return MetricAlarmArgs(
        description=f"Topic {name} could not deliver a message to a subscription",
        namespace="AWS/SNS",
        metric="NumberOfNotificationsFailed",
        dimensions={"TopicName": topic_name},
        statistic="Sum",
        threshold=0,
        topic_arn=alarm_topic_arn,
    )
