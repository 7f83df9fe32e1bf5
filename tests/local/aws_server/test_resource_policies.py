"""Policies of queues, topics and keys, as AWS applies them to its services and to roles."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.emulator import policy
from tests.local.aws_server.conftest import REGION

pytestmark = pytest.mark.integration
ACCOUNT = "123456789012"
TOPIC, OTHER = (f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}" for name in ("events", "other"))
QUEUE, LETTERS = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("events", "letters"))
SNS, SES = "sns.amazonaws.com", "ses.amazonaws.com"
FROM_TOPIC = {"ArnEquals": {"aws:SourceArn": TOPIC}}
FROM_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
FROM_OTHERS = {"StringEquals": {"aws:SourceAccount": "999999999999"}}


@pytest.fixture
def topic(aws) -> Any:
    """A topic with two queues, which have no policies and no subscriptions yet."""
    aws("sns").create_topic(Name="events")
    for name in ("events", "letters"):
        aws("sqs").create_queue(QueueName=name)
    return aws


def url(aws, arn):
    return aws("sqs").get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]


def admit(aws, arn, document):
    aws("sqs").set_queue_attributes(QueueUrl=url(aws, arn), Attributes={"Policy": document})


def publish(aws, **attributes):
    """Publish a message once; subscribe the queue with these attributes first."""
    own = {"RawMessageDelivery": "true", **attributes}
    aws("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, Attributes=own)
    aws("sns").publish(TopicArn=TOPIC, Message="hello")


def messages(aws, arn):
    answer = aws("sqs").receive_message(QueueUrl=url(aws, arn))
    return [each["Body"] for each in answer.get("Messages", [])]


def counts(aws):
    """Return how many notifications failed, were redriven, and could not be redriven."""
    now = datetime.now(UTC)
    names = ("Failed", "RedrivenToDlq", "FailedToRedriveToDlq")
    found = [
        aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName=f"NumberOfNotifications{name}",
            Dimensions=[{"Name": "TopicName", "Value": "events"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Sum"],
        )["Datapoints"]
        for name in names
    ]
    return [int(sum(point["Sum"] for point in points)) for points in found]


@pytest.mark.parametrize(
    ("document", "delivered"),
    [
        (policy(SNS, "sqs:SendMessage", QUEUE, **FROM_TOPIC), True),
        (policy(SNS, "sqs:SendMessage", QUEUE, **FROM_ACCOUNT), True),
        (policy(SNS, "SQS:*", "*"), True),
        (policy(SNS, "sqs:SendMessage", QUEUE, ArnEquals={"aws:SourceArn": OTHER}), False),
        (policy(SNS, "sqs:SendMessage", QUEUE, **FROM_OTHERS), False),
        (policy(SNS, "sqs:SendMessage", LETTERS, **FROM_TOPIC), False),
        (policy(SNS, "sqs:ReceiveMessage", QUEUE, **FROM_TOPIC), False),
        (policy(SES, "sqs:SendMessage", QUEUE, **FROM_TOPIC), False),
        (policy(SNS, "sqs:SendMessage", QUEUE).replace("false", "true"), False),
        ("", False),
    ],
)
def test_queue_policy_decides_deliveries(topic, document, delivered):
    admit(topic, QUEUE, document)
    publish(topic)
    assert messages(topic, QUEUE) == ["hello"] * delivered
    assert counts(topic) == [not delivered, 0, 0]


@pytest.mark.parametrize("admitted", [True, False])
def test_refused_messages_become_dead_letters(topic, admitted):
    if admitted:
        admit(topic, LETTERS, policy(SNS, "sqs:SendMessage", LETTERS, **FROM_TOPIC))
    publish(topic, RedrivePolicy=json.dumps({"deadLetterTargetArn": LETTERS}))
    assert (messages(topic, QUEUE), messages(topic, LETTERS)) == ([], ["hello"] * admitted)
    assert counts(topic) == [1, int(admitted), int(not admitted)]


def test_filtered_messages_are_no_dead_letters(topic):
    admit(topic, LETTERS, policy(SNS, "sqs:SendMessage", LETTERS, **FROM_TOPIC))
    redrive = json.dumps({"deadLetterTargetArn": LETTERS})
    publish(topic, RedrivePolicy=redrive, FilterPolicy=json.dumps({"kind": ["a"]}))
    assert (messages(topic, LETTERS), counts(topic)) == ([], [0, 0, 0])


@pytest.mark.parametrize(
    ("actions", "condition", "delivered"),
    [
        (["kms:GenerateDataKey", "kms:Decrypt"], FROM_ACCOUNT, True),
        (["kms:GenerateDataKey", "kms:Decrypt"], FROM_OTHERS, False),
        (["kms:GenerateDataKey"], FROM_ACCOUNT, False),
        (["kms:Decrypt"], FROM_ACCOUNT, False),
    ],
)
def test_key_policy_decides_deliveries(topic, actions, condition, delivered):
    key = topic("kms").create_key(Policy=policy(SNS, actions, "*", **condition))["KeyMetadata"]
    admit(topic, QUEUE, policy(SNS, "sqs:SendMessage", QUEUE, **FROM_TOPIC))
    topic("sqs").set_queue_attributes(
        QueueUrl=url(topic, QUEUE), Attributes={"KmsMasterKeyId": key["Arn"]}
    )
    publish(topic)
    assert messages(topic, QUEUE) == ["hello"] * delivered


def test_services_cannot_use_aws_managed_keys(topic):
    admit(topic, QUEUE, policy(SNS, "sqs:SendMessage", QUEUE, **FROM_TOPIC))
    topic("sqs").set_queue_attributes(
        QueueUrl=url(topic, QUEUE), Attributes={"KmsMasterKeyId": "alias/aws/sqs"}
    )
    publish(topic)
    assert messages(topic, QUEUE) == []


@pytest.fixture
def event_destination(topic):
    topic("ses").create_configuration_set(ConfigurationSet={"Name": "reminders"})

    def create() -> None:
        topic("ses").create_configuration_set_event_destination(
            ConfigurationSetName="reminders",
            EventDestination={
                "Name": "feedback",
                "Enabled": True,
                "MatchingEventTypes": ["send"],
                "SNSDestination": {"TopicARN": TOPIC},
            },
        )

    return create


@pytest.mark.parametrize(
    "document",
    [
        policy(SES, "sns:Publish", TOPIC, **FROM_OTHERS),
        policy(SES, "sns:Subscribe", TOPIC, **FROM_ACCOUNT),
        policy(SNS, "sns:Publish", TOPIC, **FROM_ACCOUNT),
    ],
)
def test_ses_tests_topic_of_destination(topic, event_destination, document):
    refused = "InvalidSNSDestination.*Could not publish to SNS topic: " + TOPIC
    with pytest.raises(ClientError, match=refused):
        event_destination()  # the policy of a new topic admits no service
    topic("sns").set_topic_attributes(
        TopicArn=TOPIC, AttributeName="Policy", AttributeValue=document
    )
    with pytest.raises(ClientError, match=refused):
        event_destination()
    topic("sns").set_topic_attributes(
        TopicArn=TOPIC,
        AttributeName="Policy",
        AttributeValue=policy(SES, "sns:Publish", TOPIC, **FROM_ACCOUNT),
    )
    event_destination()


def test_ses_needs_key_of_topic(topic, event_destination):
    for name, value in (
        ("Policy", policy(SES, "sns:Publish", TOPIC, **FROM_ACCOUNT)),
        ("KmsMasterKeyId", topic("kms").create_key()["KeyMetadata"]["Arn"]),
    ):
        topic("sns").set_topic_attributes(TopicArn=TOPIC, AttributeName=name, AttributeValue=value)
    with pytest.raises(ClientError, match="InvalidSNSDestination"):
        event_destination()


def test_report_names_permissions_of_services(topic, endpoint):
    both = policy(SNS, ["sqs:SendMessage", "sqs:GetQueueAttributes"], QUEUE, **FROM_TOPIC)
    admit(topic, QUEUE, both)
    publish(topic)
    report = httpx.get(f"{endpoint}/permissions").json()["permissions"]
    assert report == [
        {"principal": SNS, "action": "sqs:SendMessage", "resource": QUEUE, "used": True},
        {"principal": SNS, "action": "sqs:GetQueueAttributes", "resource": QUEUE, "used": False},
    ]
