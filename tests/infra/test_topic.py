import json

import pulumi
import pytest
from herald_infra.topic import Topic, TopicArgs

ARN = "arn:aws:sns:eu-central-1:123456789012:event-1a2b3c4"
TLS_ONLY = {
    "Sid": "DenyPlainTransport",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": ARN,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def exporting_statement(args: TopicArgs | None = None):
    def program() -> None:
        pulumi.export("statement", Topic("event", args).publish_statement())

    return program


@pytest.fixture
def plain(deploy):
    return deploy(exporting_statement())


@pytest.fixture
def keyed(deploy):
    args = TopicArgs(
        kms_key_arn="arn:key",
        publishers=["ses.amazonaws.com", "cloudwatch.amazonaws.com"],
        alarm_topic_arn="arn:alarms",
    )
    return deploy(exporting_statement(args))


def test_component_creates_topic_and_policy(plain):
    assert sorted((r.type, r.name, r.parent) for r in plain.resources) == [
        ("aws:sns/topic:Topic", "event", ("herald:infra:Topic", "event")),
        ("aws:sns/topicPolicy:TopicPolicy", "event", ("herald:infra:Topic", "event")),
        ("herald:infra:Topic", "event", ("pulumi:pulumi:Stack", "herald-dev")),
    ]
    assert plain.one("herald:infra:Topic").outputs == {"arn": ARN, "name": "event-1a2b3c4"}


def test_topic_is_encrypted_by_default(plain):
    assert plain.one("aws:sns/topic:Topic").inputs == {"kmsMasterKeyId": "alias/aws/sns"}


def test_its_policy_refuses_plain_transport(plain):
    policy = plain.one("aws:sns/topicPolicy:TopicPolicy").inputs
    assert policy["arn"] == ARN
    assert json.loads(policy["policy"]) == {"Version": "2012-10-17", "Statement": [TLS_ONLY]}


def test_publisher_has_minimal_permissions(plain):
    assert plain.exports["statement"] == {
        "Effect": "Allow",
        "Action": ["sns:Publish"],
        "Resource": [ARN],
    }


def test_publisher_may_use_the_key(keyed):
    assert keyed.one("aws:sns/topic:Topic").inputs == {"kmsMasterKeyId": "arn:key"}
    assert keyed.exports["statement"] == {
        "Effect": "Allow",
        "Action": ["sns:Publish", "kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": [ARN, "arn:key"],
    }


def test_services_publish_for_this_account_only(keyed):
    policy = json.loads(keyed.one("aws:sns/topicPolicy:TopicPolicy").inputs["policy"])
    assert policy["Statement"] == [
        TLS_ONLY,
        {
            "Sid": "ServicesPublish",
            "Effect": "Allow",
            "Principal": {"Service": ["ses.amazonaws.com", "cloudwatch.amazonaws.com"]},
            "Action": ["sns:Publish"],
            "Resource": ARN,
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        },
    ]


def test_prometheus_may_read_topic(deploy):
    args = TopicArgs(kms_key_arn="arn:key", publishers=["aps.amazonaws.com"])
    policy = deploy(exporting_statement(args)).one("aws:sns/topicPolicy:TopicPolicy").inputs
    [_, allowed] = json.loads(policy["policy"])["Statement"]
    assert allowed["Action"] == ["sns:Publish", "sns:GetTopicAttributes"]


def test_undelivered_messages_raise_an_alarm(keyed):
    assert keyed.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs == {
        "alarmDescription": "Topic event could not deliver a message to a subscription",
        "namespace": "AWS/SNS",
        "metricName": "NumberOfNotificationsFailed",
        "dimensions": {"TopicName": "event-1a2b3c4"},
        "statistic": "Sum",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
        "period": 60,
        "evaluationPeriods": 1,
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:alarms"],
        "okActions": ["arn:alarms"],
    }
