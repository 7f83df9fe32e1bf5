"""Creates a queue with a subscription to a topic and a dead-letter queue."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import sns, sqs

from herald_infra.dashboard import Panel
from herald_infra.dead_letters import (
    dead_letter_queue,
    dead_letters_metric,
    dead_letters_not_empty,
    queue_encryption,
    queue_metric,
)
from herald_infra.metric_alarm import MetricAlarmArgs, metric_alarm
from herald_infra.policy_document import allow, deny_plain_transport, policy_json
from herald_infra.restricted_pod import Environment
from herald_infra.use import Use


@dataclass(frozen=True, kw_only=True)
class Feed:
    """Describes a further topic, and a filter of its messages."""

    topic_arn: Input[str]
    filter_policy: Mapping[str, Sequence[Any]] | None = None  # on message attributes


@dataclass(frozen=True, kw_only=True)
class SubscribedQueueArgs:
    topic_arn: Input[str]
    filter_policy: Mapping[str, Sequence[Any]] | None = None  # on message attributes
    also: Mapping[str, Feed] = field(default_factory=dict)  # by a name for the subscription
    visibility_timeout: int = 60  # seconds; longer than the slowest message takes
    max_receives: int = 5
    retention: int = 4 * 24 * 3600  # seconds; less than the 14 days of dead letters
    # Must permit sns.amazonaws.com; None: the encryption of SQS
    kms_key_arn: Input[str] | None = None
    alarm_topic_arn: Input[str] | None = None
    max_age: int = 300  # seconds that the oldest message may wait before the alarm


class SubscribedQueue(pulumi.ComponentResource):
    """Creates a queue for the messages of a topic that pass the filter, delivered as published.

    It can subscribe to further topics. A message moves to the dead-letter queue after
    `max_receives` receives, or if SNS cannot deliver it. Only the topics may send messages, over
    TLS. Only this queue, and roles with the statement, may use the dead-letter queue. If
    `alarm_topic_arn` is set, alarms fire on dead letters and on messages older than `max_age`.
    """

    url: Output[str]
    arn: Output[str]
    name: Output[str]
    dead_letters_url: Output[str]
    dead_letters_arn: Output[str]
    dead_letters_name: Output[str]

    def __init__(
        self, name: str, args: SubscribedQueueArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:SubscribedQueue", name, {}, opts)
        child = ResourceOptions(parent=self)
        self.kms_key_arn, self.max_age = args.kms_key_arn, args.max_age

        self.dead_letters = dead_letter_queue(name, args.kms_key_arn, child)
        self.queue = sqs.Queue(
            name,
            visibility_timeout_seconds=args.visibility_timeout,
            message_retention_seconds=args.retention,
            receive_wait_time_seconds=20,
            redrive_policy=Output.json_dumps(
                {
                    "deadLetterTargetArn": self.dead_letters.arn,
                    "maxReceiveCount": args.max_receives,
                }
            ),
            opts=child,
            **queue_encryption(args.kms_key_arn),
        )
        sqs.RedriveAllowPolicy(
            name,
            queue_url=self.dead_letters.url,
            redrive_allow_policy=Output.json_dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [self.queue.arn]}
            ),
            opts=child,
        )
        self.subscriptions = subscribe(name, args, self.queue, self.dead_letters, child)
        if args.alarm_topic_arn is not None:
            self.raise_alarms(name, args.max_age, args.alarm_topic_arn, child)

        self.url, self.arn, self.name = self.queue.url, self.queue.arn, self.queue.name
        self.dead_letters_url = self.dead_letters.url
        self.dead_letters_arn = self.dead_letters.arn
        self.dead_letters_name = self.dead_letters.name
        self.register_outputs(
            {
                "url": self.url,
                "arn": self.arn,
                "name": self.name,
                "dead_letters_url": self.dead_letters_url,
                "dead_letters_arn": self.dead_letters_arn,
                "dead_letters_name": self.dead_letters_name,
            }
        )

    def consume_statement(self) -> dict[str, Any]:
        """Return the permission to consume the queue."""
        return allow(
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            ],
            self.arn,
            key_actions=["kms:Decrypt"],
            key_arn=self.kms_key_arn,
        )

    def give_up_statement(self) -> dict[str, Any]:
        """Return the permission to move messages to the dead-letter queue, and to count them."""
        return allow(
            ["sqs:SendMessage", "sqs:GetQueueAttributes"],
            self.dead_letters_arn,
            key_actions=["kms:GenerateDataKey", "kms:Decrypt"],
            key_arn=self.kms_key_arn,
        )

    def consumer(self, name: str) -> Use:
        """Grant a service to consume, with `{name}_QUEUE_URL` and `{name}_DEAD_LETTERS_URL`.

        The service may also move messages to the dead-letter queue, with a reason.
        """
        return Use(
            environment=Environment(
                values={
                    f"{name}_QUEUE_URL": self.url,
                    f"{name}_DEAD_LETTERS_URL": self.dead_letters_url,
                }
            ),
            statements=[self.consume_statement(), self.give_up_statement()],
        )

    def panels(self) -> list[Panel]:
        depth = [
            queue_metric(self.name, "ApproximateNumberOfMessagesVisible", "waiting"),
            queue_metric(self.name, "ApproximateNumberOfMessagesNotVisible", "in hand"),
            dead_letters_metric(self.dead_letters_name),
        ]
        age = queue_metric(self.name, "ApproximateAgeOfOldestMessage", "seconds")
        return [
            Panel(title=f"Queue {self.pulumi_resource_name}", metrics=depth),
            Panel(
                title=f"Queue {self.pulumi_resource_name}: oldest message",
                metrics=[age],
                limit=self.max_age,
            ),
        ]

    def raise_alarms(
        self, name: str, max_age: int, topic_arn: Input[str], child: ResourceOptions
    ) -> None:
        metric_alarm(
            f"{name}-dead-letters",
            dead_letters_not_empty(f"Queue {name}", self.dead_letters.name, topic_arn),
            child,
        )
        metric_alarm(
            f"{name}-oldest-message",
            oldest_message(name, self.queue.name, max_age, topic_arn),
            child,
        )


def subscribe(
    name: str,
    args: SubscribedQueueArgs,
    queue: sqs.Queue,
    dead_letters: sqs.Queue,
    child: ResourceOptions,
) -> list[sns.TopicSubscription]:
    """Subscribe after both queues admit the topic, because earlier messages would be lost."""
    feeds = {name: Feed(topic_arn=args.topic_arn, filter_policy=args.filter_policy)}
    feeds |= {f"{name}-{more}": feed for more, feed in args.also.items()}
    topics = [feed.topic_arn for feed in feeds.values()]
    admitted = [
        sqs.QueuePolicy(
            policy_name,
            queue_url=each.url,
            policy=policy_json(
                [allow_topics(topics, each.arn), deny_plain_transport("sqs:*", each.arn)]
            ),
            opts=child,
        )
        for policy_name, each in ((name, queue), (f"{name}-dead-letters", dead_letters))
    ]
    return [
        sns.TopicSubscription(
            subscription,
            topic=feed.topic_arn,
            protocol="sqs",
            endpoint=queue.arn,
            raw_message_delivery=True,
            redrive_policy=Output.json_dumps({"deadLetterTargetArn": dead_letters.arn}),
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=admitted)),
            **filter_options(feed.filter_policy),
        )
        for subscription, feed in feeds.items()
    ]


def filter_options(filter_policy: Mapping[str, Sequence[Any]] | None) -> dict[str, Any]:
    if filter_policy is None:
        return {}
    return {
        "filter_policy": Output.json_dumps(dict(filter_policy)),
        "filter_policy_scope": "MessageAttributes",
    }


def allow_topics(topic_arns: Sequence[Input[str]], queue_arn: Input[str]) -> dict[str, Any]:
    return {
        "Sid": "TopicSends",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(topic_arns)}},
    }


def oldest_message(
    name: str, queue_name: Input[str], max_age: int, alarm_topic_arn: Input[str]
) -> MetricAlarmArgs:
    return MetricAlarmArgs(
        description=f"The oldest message of queue {name} waits longer than {max_age} s",
        namespace="AWS/SQS",
        metric="ApproximateAgeOfOldestMessage",
        dimensions={"QueueName": queue_name},
        threshold=max_age,
        minutes=2,
        topic_arn=alarm_topic_arn,
    )
