"""Lets AWS services publish and deliver only where policies of resources admit them.

https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
"""

import copy
import json
import logging
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.sns.models import Subscription, Topic, sns_backends

from local.aws_server.replacement import replace_method
from local.aws_server.requirements import permissions_for, place_of
from local.aws_server.resource_policies import find_service_refusal
from local.aws_server.used_permissions import USED

SNS = "sns.amazonaws.com"

log = logging.getLogger(__name__)
publish_to_subscription = Subscription.publish


def extend() -> None:
    """Evaluate the policies of queues and their keys; moto delivers to every queue."""
    replace_method(Subscription, "publish", deliver)


def publish_as(
    service: str, source_arn: str, topic_arn: str, message: str, subject: str | None = None
) -> str | None:
    """Publish a message, or return the reason why the topic or its key refuses the service."""
    if refusal := find_refusal(service, source_arn, "sns:Publish", topic_arn):
        log.warning(refusal)
        return refusal
    place = place_of(topic_arn)
    sns_backends[place.account][place.region].publish(message, arn=topic_arn, subject=subject)
    return None


def deliver(
    subscription: Subscription,
    message: str,
    message_id: str,
    subject: str | None = None,
    message_attributes: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    """Deliver to the queue, or else to the dead-letter queue; drop a message that none accepts."""
    matcher, endpoint = subscription._filter_policy_matcher, subscription.endpoint
    if matcher is not None and not matcher.matches(message_attributes, message):
        return
    if subscription.protocol == "sqs" and is_refused(subscription.topic, endpoint):
        count(subscription.topic, "NumberOfNotificationsFailed")
        dead_letters = dead_letters_of(subscription)
        if dead_letters is None:
            return
        if is_refused(subscription.topic, dead_letters):
            count(subscription.topic, "NumberOfNotificationsFailedToRedriveToDlq")
            return
        count(subscription.topic, "NumberOfNotificationsRedrivenToDlq")
        subscription = copy.copy(subscription)
        subscription.endpoint = dead_letters
    publish_to_subscription(subscription, message, message_id, subject, message_attributes, **more)


def is_refused(topic: Topic, queue_arn: str) -> bool:
    refusal = find_refusal(SNS, topic.arn, "sqs:SendMessage", queue_arn)
    if refusal:
        log.warning(refusal)
    return refusal is not None


def find_refusal(service: str, source_arn: str, action: str, arn: str) -> str | None:
    """Return the reason why a service may not act on a queue or topic, or not use its key."""
    names = {"QueueName": arn.rpartition(":")[2], "TopicArn": arn}
    needed = list(permissions_for(action, names, place_of(arn)))
    for each in needed:
        if refusal := find_service_refusal(service, source_arn, each):
            return refusal
    for each in needed:
        USED.add(service, each.action, each.resource)
    return None


def dead_letters_of(subscription: Subscription) -> str | None:
    policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
    arn: str | None = policy.get("deadLetterTargetArn")
    return arn


def count(topic: Topic, metric: str) -> None:
    place = place_of(topic.arn)
    dimensions = [{"Name": "TopicName", "Value": topic.name}]
    datum = {"MetricName": metric, "Dimensions": dimensions, "Value": 1}
    cloudwatch_backends[place.account][place.region].put_metric_data("AWS/SNS", [datum])
