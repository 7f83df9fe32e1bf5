import json

import pulumi
import pytest
from herald_infra.subscribed_queue import Feed, SubscribedQueue, SubscribedQueueArgs

ARN = "arn:aws:sqs:eu-central-1:123456789012:event-1a2b3c4"
URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/event-1a2b3c4"
DEAD_ARN = "arn:aws:sqs:eu-central-1:123456789012:event-dead-letters-1a2b3c4"
DEAD_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/event-dead-letters-1a2b3c4"
COMPONENT = "herald:infra:SubscribedQueue"


def exporting_statement(args: SubscribedQueueArgs):
    def program() -> None:
        queue = SubscribedQueue("event", args)
        pulumi.export("statement", queue.consume_statement())
        pulumi.export("giving_up", queue.give_up_statement())

    return program


@pytest.fixture
def plain(deploy):
    args = SubscribedQueueArgs(topic_arn="arn:events", visibility_timeout=90, max_receives=3)
    return deploy(exporting_statement(args))


@pytest.fixture
def full(deploy):
    args = SubscribedQueueArgs(
        topic_arn="arn:events",
        filter_policy={"eventType": ["notification:send"]},
        kms_key_arn="arn:key",
        alarm_topic_arn="arn:alarms",
        max_age=120,
    )
    return deploy(exporting_statement(args))


def test_component_creates_these_resources(plain):
    assert sorted((r.type, r.name) for r in plain.resources) == [
        ("aws:sns/topicSubscription:TopicSubscription", "event"),
        ("aws:sqs/queue:Queue", "event"),
        ("aws:sqs/queue:Queue", "event-dead-letters"),
        ("aws:sqs/queuePolicy:QueuePolicy", "event"),
        ("aws:sqs/queuePolicy:QueuePolicy", "event-dead-letters"),
        ("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy", "event"),
        (COMPONENT, "event"),
    ]
    parents = {r.parent for r in plain.resources if r.type != COMPONENT}
    assert parents == {(COMPONENT, "event")}


def test_its_outputs(plain):
    assert plain.one(COMPONENT).outputs == {
        "url": URL,
        "arn": ARN,
        "name": "event-1a2b3c4",
        "dead_letters_url": DEAD_URL,
        "dead_letters_arn": DEAD_ARN,
        "dead_letters_name": "event-dead-letters-1a2b3c4",
    }


def test_poison_messages_move_to_dead_letters(plain):
    queue = dict(plain.one("aws:sqs/queue:Queue", "event").inputs)
    assert json.loads(queue.pop("redrivePolicy")) == {
        "deadLetterTargetArn": DEAD_ARN,
        "maxReceiveCount": 3,
    }
    assert queue == {
        "visibilityTimeoutSeconds": 90,
        "messageRetentionSeconds": 345600,
        "receiveWaitTimeSeconds": 20,
        "sqsManagedSseEnabled": True,
    }


def test_dead_letters_are_kept_two_weeks(plain):
    assert plain.one("aws:sqs/queue:Queue", "event-dead-letters").inputs == {
        "messageRetentionSeconds": 1209600,
        "sqsManagedSseEnabled": True,
    }


def test_only_its_queue_uses_dead_letters(plain):
    allowed = plain.one("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy").inputs
    assert allowed["queueUrl"] == DEAD_URL
    assert json.loads(allowed["redriveAllowPolicy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [ARN],
    }


@pytest.mark.parametrize(
    ("name", "url", "arn"), [("event", URL, ARN), ("event-dead-letters", DEAD_URL, DEAD_ARN)]
)
def test_only_its_topic_sends_over_tls(plain, name, url, arn):
    policy = plain.one("aws:sqs/queuePolicy:QueuePolicy", name).inputs
    assert policy["queueUrl"] == url
    assert json.loads(policy["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TopicSends",
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": ["arn:events"]}},
            },
            {
                "Sid": "DenyPlainTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def test_raw_delivery_follows_the_queue_policy(plain):
    subscription = plain.one("aws:sns/topicSubscription:TopicSubscription")
    inputs = dict(subscription.inputs)
    assert json.loads(inputs.pop("redrivePolicy")) == {"deadLetterTargetArn": DEAD_ARN}
    assert inputs == {
        "topic": "arn:events",
        "protocol": "sqs",
        "endpoint": ARN,
        "rawMessageDelivery": True,
    }
    assert {
        ("aws:sqs/queuePolicy:QueuePolicy", "event"),
        ("aws:sqs/queuePolicy:QueuePolicy", "event-dead-letters"),
    } <= set(subscription.depends_on)


def test_a_filter_looks_at_message_attributes(full):
    inputs = full.one("aws:sns/topicSubscription:TopicSubscription").inputs
    assert json.loads(inputs["filterPolicy"]) == {"eventType": ["notification:send"]}
    assert inputs["filterPolicyScope"] == "MessageAttributes"


def test_more_topics_have_their_own_filters(deploy):
    args = SubscribedQueueArgs(
        topic_arn="arn:events",
        also={
            "due": Feed(topic_arn="arn:due", filter_policy={"eventType": ["notification:send"]}),
            "all": Feed(topic_arn="arn:all"),
        },
    )
    deployment = deploy(exporting_statement(args))
    heard = {
        each.name: (each.inputs["topic"], each.inputs.get("filterPolicy"))
        for each in deployment.all("aws:sns/topicSubscription:TopicSubscription")
    }
    assert heard == {
        "event": ("arn:events", None),
        "event-due": ("arn:due", '{"eventType": ["notification:send"]}'),
        "event-all": ("arn:all", None),
    }
    for policy in deployment.all("aws:sqs/queuePolicy:QueuePolicy"):
        [admitted, _] = json.loads(policy.inputs["policy"])["Statement"]
        assert admitted["Condition"] == {
            "ArnEquals": {"aws:SourceArn": ["arn:events", "arn:due", "arn:all"]}
        }


def test_consumer_moves_and_counts_dead_letters(plain, full):
    assert plain.exports["giving_up"] == {
        "Effect": "Allow",
        "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"],
        "Resource": [DEAD_ARN],
    }
    assert full.exports["giving_up"] == {
        "Effect": "Allow",
        "Action": [
            "sqs:SendMessage",
            "sqs:GetQueueAttributes",
            "kms:GenerateDataKey",
            "kms:Decrypt",
        ],
        "Resource": [DEAD_ARN, "arn:key"],
    }


def test_consumer_has_minimal_permissions(plain):
    assert plain.exports["statement"] == {
        "Effect": "Allow",
        "Action": [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
        ],
        "Resource": [ARN],
    }


def test_customer_key_encrypts_both_queues(full):
    for queue in full.all("aws:sqs/queue:Queue"):
        assert queue.inputs["kmsMasterKeyId"] == "arn:key"
        assert queue.inputs["kmsDataKeyReusePeriodSeconds"] == 300
        assert "sqsManagedSseEnabled" not in queue.inputs
    assert full.exports["statement"] == {
        "Effect": "Allow",
        "Action": [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            "kms:Decrypt",
        ],
        "Resource": [ARN, "arn:key"],
    }


def test_dead_letters_and_delays_raise_alarms(full):
    common = {
        "namespace": "AWS/SQS",
        "statistic": "Maximum",
        "comparisonOperator": "GreaterThanThreshold",
        "period": 60,
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:alarms"],
        "okActions": ["arn:alarms"],
    }
    assert [a.inputs for a in full.all("aws:cloudwatch/metricAlarm:MetricAlarm")] == [
        {
            **common,
            "alarmDescription": (
                "Queue event has dead letters; list them, correct the cause, then redrive"
            ),
            "metricName": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": "event-dead-letters-1a2b3c4"},
            "threshold": 0,
            "evaluationPeriods": 1,
        },
        {
            **common,
            "alarmDescription": "The oldest message of queue event waits longer than 120 s",
            "metricName": "ApproximateAgeOfOldestMessage",
            "dimensions": {"QueueName": "event-1a2b3c4"},
            "threshold": 120,
            "evaluationPeriods": 2,
        },
    ]
