import json
from typing import Any

import pytest

from local.aws_server.policies import Request, UnknownElement, find_refusal, statements_of

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:orders"
NOT_ALLOWED = "because no identity-based policy allows the sqs:SendMessage action"
DENIED = "with an explicit deny in an identity-based policy"


def refusal(*statements: dict[str, Any], **context: list[str]) -> str | None:
    request = Request(
        "sqs:SendMessage", QUEUE, {key.replace("_", ":"): value for key, value in context.items()}
    )
    return find_refusal([statements_of(json.dumps({"Statement": list(statements)}))], request)


def allowed(action: Any = "sqs:SendMessage", resource: Any = QUEUE, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("sqs:SendMessage", QUEUE, None),
        ("SQS:sendmessage", QUEUE, None),
        (["sqs:Receive*", "sqs:Send*"], ["arn:aws:sqs:*:*:other", "arn:aws:sqs:*:*:order?"], None),
        ("*", "*", None),
        ("sqs:SendMessageBatch", QUEUE, NOT_ALLOWED),
        ("sqs:SendMessag", QUEUE, NOT_ALLOWED),
        ("sqs:SendMessage", QUEUE.upper(), NOT_ALLOWED),
        ("sqs:SendMessage", f"{QUEUE}-dead-letters", NOT_ALLOWED),
        ("sqs:SendMessage", "arn.aws.sqs.*", NOT_ALLOWED),
    ],
)
def test_wildcards_match_actions_and_resources(action, resource, expected):
    assert refusal(allowed(action, resource)) == expected


def test_deny_wins_over_allow():
    assert refusal(allowed(), {**allowed("*", "*"), "Effect": "Deny"}) == DENIED


def test_policy_without_statements_allows_nothing():
    assert refusal() == NOT_ALLOWED


@pytest.mark.parametrize(
    ("condition", "values", "is_allowed"),
    [
        ({"StringEquals": {"aws:Tag": "a"}}, ["a"], True),
        ({"StringEquals": {"AWS:tag": ["a", "b"]}}, ["b"], True),
        ({"StringEquals": {"aws:Tag": "a*"}}, ["ab"], False),
        ({"StringEquals": {"aws:Tag": "a"}}, None, False),
        ({"StringEqualsIfExists": {"aws:Tag": "a"}}, None, True),
        ({"StringEqualsIfExists": {"aws:Tag": "a"}}, ["b"], False),
        ({"StringNotEquals": {"aws:Tag": "a"}}, ["b"], True),
        ({"StringNotEquals": {"aws:Tag": "a"}}, ["a"], False),
        ({"StringNotEquals": {"aws:Tag": "a"}}, None, True),
        ({"ForAllValues:StringNotEquals": {"aws:Tag": "a"}}, ["b", "c"], True),
        ({"ForAllValues:StringNotEquals": {"aws:Tag": "a"}}, ["b", "a"], False),
        ({"ForAllValues:StringEquals": {"aws:Tag": "a"}}, None, True),
        ({"StringLike": {"aws:Tag": "a*"}}, ["ab"], True),
        ({"StringNotLike": {"aws:Tag": "a*"}}, ["ab"], False),
        ({"ArnLike": {"aws:Tag": "arn:aws:sns:*:1:topic-?"}}, ["arn:aws:sns:r:1:topic-a"], True),
        ({"ArnEquals": {"aws:Tag": "arn:aws:sns:*:topic"}}, ["arn:aws:sns:r:1:topic"], False),
        ({"Bool": {"aws:Tag": True}}, ["true"], True),
        ({"Bool": {"aws:Tag": "false"}}, ["true"], False),
        ({"StringEquals": {"aws:Tag": "a"}, "Bool": {"aws:Other": "true"}}, ["a"], False),
    ],
)
def test_conditions_limit_statements(condition, values, is_allowed):
    context = {} if values is None else {"aws_Tag": values}
    assert (refusal(allowed(Condition=condition), **context) is None) == is_allowed


@pytest.mark.parametrize(
    "statement",
    [
        allowed(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ],
)
def test_unknown_elements_are_not_ignored(statement):
    with pytest.raises(UnknownElement):
        refusal(statement)
