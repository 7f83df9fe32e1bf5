"""Creates IAM policy documents as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi import Input, Output

Statement = Mapping[str, Any]


def policy(statements: Sequence[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def policy_json(statements: Sequence[Statement]) -> Output[str]:
    """Return the document as JSON once all its values are known."""
    return Output.json_dumps(policy(statements))


def allow(
    actions: Sequence[str],
    resource: Input[str],
    *,
    key_actions: Sequence[str] = (),
    key_arn: Input[str] | None = None,
) -> dict[str, Any]:
    """Return a statement that allows actions on a resource, and the use of its customer key."""
    if key_arn is None:
        return {"Effect": "Allow", "Action": list(actions), "Resource": [resource]}
    return {
        "Effect": "Allow",
        "Action": [*actions, *key_actions],
        "Resource": [resource, key_arn],
    }


def deny_plain_transport(
    action: str, resource: Input[str] | Sequence[Input[str]]
) -> dict[str, Any]:
    """Return a statement that denies all callers, including the account, without TLS."""
    return {
        "Sid": "DenyPlainTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def trust_service(service: str, account: Input[str] | None = None) -> dict[str, Any]:
    """Return a policy that lets an AWS service assume a role, optionally only for `account`."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if account is None:
        return statement
    return {**statement, "Condition": {"StringEquals": {"aws:SourceAccount": account}}}


def account_of(arn: str) -> str:
    return arn.split(":")[4]
