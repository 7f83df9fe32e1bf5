"""Topics, and the queues that they feed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_aws import sns

from infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.subscribed_queue import Feed, SubscribedQueue, SubscribedQueueArgs
from infra.topic import Topic, TopicArgs
from stacks.config import StackConfig

ANY_EVENT = {"eventItemType": ["reminder", "notification", "device"]}
# For the timelines; it costs the event queue one more message for each notification.
ANNOUNCEMENT = {"eventType": ["notification:send"]}
# SES publishes its notices without attributes.
DUE_OR_SES_NOTICE = {"eventType": ["notification:send", {"exists": False}]}

# Each try of a provider that is away costs a notification one receive. With its backoff it
# waits out about 20 minutes by 12 of them, and half a minute by 5.
DELIVERY_RECEIVES = 12


def encryption_key(config: StackConfig) -> EncryptionKey:
    """One for messages, rows and logs: SES and CloudWatch can't use the key that AWS manages."""
    publishers = ["sns.amazonaws.com", "ses.amazonaws.com", "cloudwatch.amazonaws.com"]
    return EncryptionKey(
        f"{config.prefix}messages",
        EncryptionKeyArgs(
            account_id=config.account, services=publishers, logs_region=config.region
        ),
    )


def alarm_topic(config: StackConfig, key: EncryptionKey) -> Topic:
    alarms = Topic(
        f"{config.prefix}alarms",
        TopicArgs(kms_key_arn=key.arn, publishers=["cloudwatch.amazonaws.com"]),
    )
    for address in config.alarm_emails:
        sns.TopicSubscription(
            f"{config.prefix}alarms-{address}",
            topic=alarms.arn,
            protocol="email",
            endpoint=address,
        )
    return alarms


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A topic and the queue of its consumer."""

    topic: Topic
    queue: SubscribedQueue


def channel(
    config: StackConfig,
    name: str,
    key: EncryptionKey,
    alarms: Topic,
    *,
    delivered: Mapping[str, Sequence[Any]],
    also: Mapping[str, Feed] | None = None,
    least_receives: int = 1,
    publisher: str | None = None,
) -> Channel:
    """Messages are received as often as is configured, or `least_receives` times.

    `publisher` is the AWS service, such as `ses`, that publishes to the topic as well.
    """
    topic = Topic(
        f"{config.prefix}{name}",
        TopicArgs(
            kms_key_arn=key.arn,
            publishers=[f"{publisher}.amazonaws.com"] if publisher else [],
            alarm_topic_arn=alarms.arn,
        ),
    )
    queue = SubscribedQueue(
        f"{config.prefix}{name}",
        SubscribedQueueArgs(
            topic_arn=topic.arn,
            filter_policy=delivered,
            also=also or {},
            visibility_timeout=config.messaging.visibility_timeout,
            max_receives=max(config.messaging.max_receives, least_receives),
            max_age=config.messaging.max_age,
            kms_key_arn=key.arn,
            alarm_topic_arn=alarms.arn,
        ),
    )
    return Channel(topic=topic, queue=queue)
