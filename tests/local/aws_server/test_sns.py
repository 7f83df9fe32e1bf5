"""Filter policies on message attributes, as SNS's documentation describes them.

https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html
"""

import json
from typing import Any

import pytest

from tests.local.aws_server.conftest import create_queue_for

pytestmark = pytest.mark.integration

SENT = {"eventType": "notification:send"}
OTHER = {"color": "red"}


@pytest.mark.parametrize(
    ("policy", "attributes", "matches"),
    [
        ({"eventType": ["notification:send"]}, SENT, True),
        ({"eventType": ["notification:send"]}, OTHER, False),
        ({"eventType": ["notification:send"]}, {}, False),
        ({"eventType": [{"exists": False}]}, {}, False),
        ({"eventType": [{"exists": False}]}, OTHER, True),
        ({"eventType": [{"exists": False}]}, SENT, False),
        ({"eventType": ["notification:send", {"exists": False}]}, SENT, True),
        ({"eventType": ["notification:send", {"exists": False}]}, OTHER, True),
        ({"eventType": ["notification:send", {"exists": False}]}, {}, False),
        ({"eventType": ["other", {"prefix": "notification:"}]}, SENT, True),
        ({"eventType": [{"anything-but": "other"}]}, {}, False),
        ({"eventType": ["notification:send"], "color": ["red"]}, SENT, False),
        ({"eventType": ["notification:send"], "color": ["red"]}, SENT | OTHER, True),
    ],
)
def test_filter_matches_as_sns_documents(aws, policy, attributes, matches):
    topic = aws("sns").create_topic(Name="filtered")["TopicArn"]
    queue = create_queue_for(aws, topic, "filtered")
    aws("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:eu-central-1:123456789012:filtered",
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(policy)},
    )
    aws("sns").publish(TopicArn=topic, Message="hello", MessageAttributes=typed(attributes))
    answer = aws("sqs").receive_message(QueueUrl=queue)
    assert [message["Body"] for message in answer.get("Messages", [])] == ["hello"] * matches


def typed(attributes: dict[str, str]) -> dict[str, Any]:
    return {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
