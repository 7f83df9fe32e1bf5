"""The simulation of policies, as a doctor asks for it."""

import json

import pytest

pytestmark = pytest.mark.integration
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:dev-*"},
        {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "kms:Encrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/system": "herald"}},
        },
    ],
}
ORDERS, OTHER = "arn:aws:sqs:eu-central-1:123456789012:dev-orders", "arn:aws:sqs:::orders"


def test_actions_are_decided_for_each_resource(aws):
    iam = aws("iam")
    role = iam.create_role(RoleName="deploy", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=json.dumps(POLICY))

    def decide(actions, resources, **context):
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
            for key, value in context.items()
        ]
        answer = iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=actions, ResourceArns=resources,
            ContextEntries=entries,
        )  # fmt: skip
        return [
            (each["EvalActionName"], each["EvalResourceName"], each["EvalDecision"])
            for each in answer["EvaluationResults"]
        ]

    assert decide(["sqs:CreateQueue", "sqs:DeleteQueue"], [ORDERS, OTHER]) == [
        ("sqs:CreateQueue", ORDERS, "allowed"),
        ("sqs:CreateQueue", OTHER, "implicitDeny"),
        ("sqs:DeleteQueue", ORDERS, "explicitDeny"),
        ("sqs:DeleteQueue", OTHER, "explicitDeny"),
    ]
    tag = {"aws:ResourceTag/system": "herald"}
    assert decide(["kms:Encrypt"], ["*"]) == [("kms:Encrypt", "*", "implicitDeny")]
    assert decide(["kms:Encrypt"], ["*"], **tag) == [("kms:Encrypt", "*", "allowed")]
