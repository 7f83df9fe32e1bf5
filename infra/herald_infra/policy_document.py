"""IAM policy documents as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi import Input, Output

Statement = Mapping[str, Any]


def policy(statements: Sequence[Statement]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


def policy_json(statements: Sequence[Statement]) -> Output[str]:
    """The document as JSON, once every value in it is known."""
    return Output.json_dumps(policy(statements))


def allow(
    actions: Sequence[str],
    resource: Input[str],
    *,
    key_actions: Sequence[str] = (),
    key_arn: Input[str] | None = None,
) -> dict[str, Any]:
    """Lets an identity act on a resource, and use the customer key that encrypts it."""
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
    """Refuses every caller, the account's own included, that does not use TLS."""
    return {
        "Sid": "DenyPlainTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def assumed_by_service(service: str, account: Input[str] | None = None) -> dict[str, Any]:
    """Lets an AWS service take the role, only on behalf of `account` when given."""
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
