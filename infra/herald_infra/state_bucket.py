"""Creates the bucket for the state of stacks."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import s3

from herald_infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from herald_infra.policy_document import allow, deny_plain_transport, policy_json


@dataclass(frozen=True, kw_only=True)
class StateBucketArgs:
    account_id: Input[str]
    bucket: str | None = None  # None: derived from the name of the component
    kept_days: int = 90  # for replaced versions
    force_destroy: bool = False  # True to delete the contents with the bucket


class StateBucket(pulumi.ComponentResource):
    """Creates a private, versioned bucket, and the key that encrypts it and the secrets of stacks.

    The bucket requires TLS. Replaced or deleted versions stay for `kept_days`, and the newest ten
    stay without a limit.
    """

    name: Output[str]
    arn: Output[str]
    key_arn: Output[str]

    def __init__(
        self, name: str, args: StateBucketArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:StateBucket", name, {}, opts)
        child = ResourceOptions(parent=self)

        key = EncryptionKey(name, EncryptionKeyArgs(account_id=args.account_id, services=()), child)
        self.bucket = s3.Bucket(
            name, bucket=args.bucket, force_destroy=args.force_destroy, opts=child
        )
        self.name, self.arn, self.key_arn = self.bucket.bucket, self.bucket.arn, key.arn
        block_public_access(name, self.bucket, child)
        s3.BucketServerSideEncryptionConfiguration(
            name, bucket=self.name, rules=[encrypt(key.arn)], opts=child
        )
        versions = s3.BucketVersioning(
            name, bucket=self.name, versioning_configuration={"status": "Enabled"}, opts=child
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=self.name,
            rules=[expiry(args.kept_days)],
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[versions])),
        )

        self.register_outputs({"name": self.name, "arn": self.arn, "key_arn": self.key_arn})

    def list_statement(self) -> dict[str, Any]:
        """Allow listing the bucket, as Pulumi does in every update."""
        return {"Sid": "FindState", **allow(["s3:ListBucket"], self.arn)}

    def read_statements(self) -> list[dict[str, Any]]:
        """Allow reading the state and the secrets of every project's stacks.

        Stack references need the state of other projects.
        """
        everything = Output.concat(self.arn, "/*")
        return [
            {"Sid": "ReadState", **allow(["s3:GetObject"], everything)},
            {"Sid": "ReadSecrets", **allow(["kms:Decrypt"], self.key_arn)},
        ]

    def update_statements(self, project: str) -> list[dict[str, Any]]:
        """Allow reading all state, and writing that of one project's stacks.

        The layout of the objects is that of Pulumi's `s3://` backend. The state of a stack
        determines the plugins that its next update installs and runs. A role must not write the
        state of stacks that more privileged roles update.
        """
        writable = [
            *[f"/.pulumi/{kind}/{project}/*" for kind in ("stacks", "history", "backups")],
            f"/.pulumi/locks/organization/{project}/*",
        ]
        objects = [Output.concat(self.arn, path) for path in writable]
        write = {
            "Sid": "WriteState",
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": objects,
        }
        encrypt = allow(["kms:Encrypt", "kms:GenerateDataKey"], self.key_arn)
        return [*self.read_statements(), write, {"Sid": "WriteSecrets", **encrypt}]


def block_public_access(name: str, bucket: s3.Bucket, child: ResourceOptions) -> None:
    private = s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    s3.BucketOwnershipControls(
        name, bucket=bucket.bucket, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
    )
    everything = [bucket.arn, Output.concat(bucket.arn, "/*")]
    # S3 accepts one change of a bucket's access at a time.
    s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=policy_json([deny_plain_transport("s3:*", everything)]),
        opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[private])),
    )


def encrypt(key_arn: Input[str]) -> s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key_arn,
        },
        "bucket_key_enabled": True,
    }


def expiry(days: int) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": "replaced-versions",
        "status": "Enabled",
        "filter": {},
        "noncurrent_version_expiration": {
            "noncurrent_days": days,
            "newer_noncurrent_versions": 10,
        },
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
    }
