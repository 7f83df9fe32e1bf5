"""Where Pulumi keeps the state of stacks."""

from __future__ import annotations  # so that the SDK's modules load only when used

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import s3

from infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.policy_document import allow, deny_plain_transport, policy_json


@dataclass(frozen=True, kw_only=True)
class StateBucketArgs:
    account_id: Input[str]
    bucket: str | None = None  # made up from the component's name when none
    kept_days: int = 90  # of a version that was replaced


class StateBucket(pulumi.ComponentResource):
    """A private, versioned bucket and the key that encrypts it and the secrets of stacks.

    Reached over TLS alone. A version that was replaced or deleted stays for `kept_days`,
    the newest ten for ever.
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
        self.bucket = s3.Bucket(name, bucket=args.bucket, force_destroy=False, opts=child)
        self.name, self.arn, self.key_arn = self.bucket.bucket, self.bucket.arn, key.arn
        closed(name, self.bucket, child)
        s3.BucketServerSideEncryptionConfiguration(
            name, bucket=self.name, rules=[encrypted(key.arn)], opts=child
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
        """What whoever updates a stack needs of the bucket itself."""
        return {"Sid": "FindState", **allow(["s3:ListBucket"], self.arn)}

    def read_statement(self) -> dict[str, Any]:
        """What whoever compares a stack needs of its state and of its secrets."""
        return {"Sid": "ReadState", **self.objects(["s3:GetObject"], ["kms:Decrypt"])}

    def update_statement(self) -> dict[str, Any]:
        """What whoever updates a stack needs of its state and of its secrets."""
        actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        key_actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
        return {"Sid": "KeepState", **self.objects(actions, key_actions)}

    def objects(self, actions: list[str], key_actions: list[str]) -> dict[str, Any]:
        every = Output.concat(self.arn, "/*")
        return allow(actions, every, key_actions=key_actions, key_arn=self.key_arn)


def closed(name: str, bucket: s3.Bucket, child: ResourceOptions) -> None:
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
    # S3 takes one change of a bucket's access at a time.
    s3.BucketPolicy(
        name,
        bucket=bucket.bucket,
        policy=policy_json([deny_plain_transport("s3:*", everything)]),
        opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[private])),
    )


def encrypted(key_arn: Input[str]) -> s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
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
