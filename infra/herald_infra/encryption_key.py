"""Creates a customer key for topics, queues and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import kms

from herald_infra.policy_document import policy_json

LOGS = [
    f"kms:{name}"
    for name in (
        "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext"
    ).split()
]


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    account_id: Input[str]
    services: Sequence[str] = ("sns.amazonaws.com",)  # services that publish encrypted messages
    logs_region: str | None = None  # region of CloudWatch logs that the key encrypts; None: no logs
    deletion_days: int = 30  # 7 to 30, from the deletion order to the deletion
    # True to keep the key when the stack is destroyed, for example for snapshots
    keep: bool = False


class EncryptionKey(pulumi.ComponentResource):
    """Creates a symmetric key with yearly rotation and an alias with the component's name.

    IAM policies decide which identities of the account use it. The named AWS services use it only
    on behalf of this account. A topic needs a customer key as soon as an AWS service, for example
    SES or CloudWatch, publishes to it.
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
            opts=ResourceOptions.merge(child, ResourceOptions(retain_on_delete=args.keep or None)),
        )
        self.alias = kms.Alias(
            name, name=f"alias/{name}", target_key_id=self.key.key_id, opts=child
        )

        self.arn = self.key.arn
        self.register_outputs({"arn": self.arn})


def allow_account(account_id: Input[str]) -> dict[str, Any]:
    # Without this statement, IAM policies could not grant the key, and nobody could change its
    # policy.
    return {
        "Sid": "AccountDecidesByIam",
        "Effect": "Allow",
        "Principal": {"AWS": Output.concat("arn:aws:iam::", account_id, ":root")},
        "Action": "kms:*",
        "Resource": "*",  # in the policy of a key: this key
    }


def allow_services(services: Sequence[str], account_id: Input[str]) -> dict[str, Any]:
    return {
        "Sid": "ServicesSendEncrypted",
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",  # in the policy of a key: this key
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }


def allow_logs(region: str, account_id: Input[str]) -> dict[str, Any]:
    """Permit CloudWatch by log group, because its requests contain no account."""
    groups = Output.concat("arn:aws:logs:", region, ":", account_id, ":log-group:*")
    return {
        "Sid": "LogsEncrypted",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{region}.amazonaws.com"},
        "Action": LOGS,
        "Resource": "*",  # in the policy of a key: this key
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    }
