"""Defines rules for topics and queues."""

import json
from collections.abc import Iterator

from platform_policies.documents import (
    admits_no_stranger,
    refuses_plain_transport,
    services_come_from_one_account,
)
from platform_policies.resource import Resource
from platform_policies.rule import Rule, is_set

TOPIC = ("aws:sns/topic:Topic",)
TOPIC_POLICY = ("aws:sns/topicPolicy:TopicPolicy",)
SUBSCRIPTION = ("aws:sns/topicSubscription:TopicSubscription",)
QUEUE = ("aws:sqs/queue:Queue",)
QUEUE_POLICY = ("aws:sqs/queuePolicy:QueuePolicy",)
REDRIVE_ALLOW = ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",)

DEAD_LETTERS = "-dead-letters"  # suffix of queues without a dead-letter queue
PEOPLE = ("email", "email-json", "sms", "application")  # protocols without dead letters


def encrypted(queue: Resource) -> Iterator[str]:
    if not queue.has("kmsMasterKeyId") and queue.at("sqsManagedSseEnabled") is not True:
        yield "kmsMasterKeyId is missing and sqsManagedSseEnabled is not true"


def has_dead_letters(queue: Resource) -> Iterator[str]:
    if not queue.name.endswith(DEAD_LETTERS) and not queue.has("redrivePolicy"):
        yield f"redrivePolicy is missing; give it a queue that ends in {DEAD_LETTERS}"


def keeps_dead_letters_longest(queue: Resource) -> Iterator[str]:
    seconds = queue.at("messageRetentionSeconds") or 345_600
    if queue.name.endswith(DEAD_LETTERS) and seconds < 1_209_600:
        yield f"messageRetentionSeconds is {seconds:g}; expected 1209600, the 14 days SQS allows"


def redrives_by_queue(policy: Resource) -> Iterator[str]:
    document = policy.document("redriveAllowPolicy") or {}
    if document.get("redrivePermission") not in ("byQueue", "denyAll"):
        yield f"redriveAllowPolicy is {json.dumps(document)}; expected redrivePermission byQueue"


def encrypted_in_transit(subscription: Resource) -> Iterator[str]:
    if subscription.at("protocol") == "http":
        yield "protocol is http; expected https, sqs, lambda or email"


def subscription_has_dead_letters(subscription: Resource) -> Iterator[str]:
    protocol = subscription.at("protocol")
    if protocol not in PEOPLE and not subscription.has("redrivePolicy"):
        yield f"redrivePolicy is missing for protocol {protocol}"


RULES = [
    Rule(
        name="topic-encrypted",
        reason="SNS stores messages with user data during retries.",
        types=TOPIC,
        check=is_set("kmsMasterKeyId"),
    ),
    Rule(
        name="topic-not-public",
        reason="A topic with unknown publishers delivers their messages as ours.",
        types=TOPIC_POLICY,
        check=admits_no_stranger("policy"),
    ),
    Rule(
        name="topic-services-of-this-account",
        reason="AWS services act for all customers: without a source, everyone can publish.",
        types=TOPIC_POLICY,
        check=services_come_from_one_account("policy"),
    ),
    Rule(
        name="topic-tls-only",
        reason="Without this denial, SNS also accepts messages over plain HTTP.",
        types=TOPIC_POLICY,
        check=refuses_plain_transport("policy"),
    ),
    Rule(
        name="subscription-tls-only",
        reason="Messages to an http endpoint are readable in transit.",
        types=SUBSCRIPTION,
        check=encrypted_in_transit,
    ),
    Rule(
        name="subscription-has-dead-letters",
        reason="Without a dead-letter queue, SNS drops messages that it cannot deliver.",
        types=SUBSCRIPTION,
        check=subscription_has_dead_letters,
    ),
    Rule(
        name="queue-encrypted",
        reason="Messages stay in a queue for up to 14 days.",
        types=QUEUE,
        check=encrypted,
    ),
    Rule(
        name="queue-has-dead-letters",
        reason="Without a dead-letter queue, a message that always fails expires unnoticed.",
        types=QUEUE,
        check=has_dead_letters,
    ),
    Rule(
        name="dead-letters-kept-longest",
        reason="A dead letter keeps the age of its message, so it needs the longest retention.",
        types=QUEUE,
        check=keeps_dead_letters_longest,
    ),
    Rule(
        name="dead-letters-by-queue",
        reason="Without named sources, any queue of the account may add dead letters.",
        types=REDRIVE_ALLOW,
        check=redrives_by_queue,
    ),
    Rule(
        name="queue-not-public",
        reason="A queue with unknown senders makes services act on their messages.",
        types=QUEUE_POLICY,
        check=admits_no_stranger("policy"),
    ),
    Rule(
        name="queue-services-of-this-account",
        reason="AWS services act for all customers: without a source, everyone can send.",
        types=QUEUE_POLICY,
        check=services_come_from_one_account("policy"),
    ),
    Rule(
        name="queue-tls-only",
        reason="Without this denial, SQS also accepts and delivers messages over plain HTTP.",
        types=QUEUE_POLICY,
        check=refuses_plain_transport("policy"),
    ),
]
