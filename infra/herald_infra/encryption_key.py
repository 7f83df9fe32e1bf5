"""A customer key for topics, queues and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import kms

from infra.policy_document import policy_json

LOGS = [
    f"kms:{name}"
    for name in (
        "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext"
    ).split()
]


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    account_id: Input[str]
    services: Sequence[str] = ("sns.amazonaws.com",)  # principals that send what is encrypted
    logs_region: str | None = None  # where CloudWatch encrypts logs with it, if it does
    deletion_days: int = 30  # 7 to 30, between the order to delete and the deletion


class EncryptionKey(pulumi.ComponentResource):
    """One symmetric key, renewed every year, with an alias of the component's name.

    Identities of the account use it as their IAM policies say; the named AWS services use
    it only on behalf of this account. A topic needs such a key, instead of the one that
    AWS manages, as soon as an AWS service (SES, CloudWatch) publishes to it.
    """

    arn: Output[str]

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:EncryptionKey", name, {}, opts)
        child = ResourceOptions(parent=self)

        statements = [allow_account(args.account_id)]
        if args.services:
            statements.append(allow_services(args.services, args.account_id))
        if args.logs_region is not None:
            statements.append(allow_logs(args.logs_region, args.account_id))
        self.key = kms.Key(
            name,
            description=f"Encrypts the messages and records of {name}",
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_days,
            policy=policy_json(statements),
            opts=child,
        )
        self.alias = kms.Alias(
            name, name=f"alias/{name}", target_key_id=self.key.key_id, opts=child
        )

        self.arn = self.key.arn
        self.register_outputs({"arn": self.arn})


def allow_account(account_id: Input[str]) -> dict[str, Any]:
    # Without this statement no IAM policy could grant the key, nor anyone repair its policy.
    return {
        "Sid": "AccountDecidesByIam",
        "Effect": "Allow",
        "Principal": {"AWS": Output.concat("arn:aws:iam::", account_id, ":root")},
        "Action": "kms:*",
        "Resource": "*",  # in a key's policy: this key
    }


def allow_services(services: Sequence[str], account_id: Input[str]) -> dict[str, Any]:
    return {
        "Sid": "ServicesSendEncrypted",
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",  # in a key's policy: this key
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }


def allow_logs(region: str, account_id: Input[str]) -> dict[str, Any]:
    """CloudWatch tells a key which log group it encrypts, and not for which account it asks."""
    groups = Output.concat("arn:aws:logs:", region, ":", account_id, ":log-group:*")
    return {
        "Sid": "LogsEncrypted",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": LOGS,
        "Resource": "*",  # in a key's policy: this key
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }
