"""Defines rules for buckets."""

from collections.abc import Iterator

from platform_policies.documents import admits_no_stranger, refuses_plain_transport
from platform_policies.resource import Resource
from platform_policies.rule import Rule, is_one_of, where_data_lasts

POLICY = ("aws:s3/bucketPolicy:BucketPolicy",)
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def private(block: Resource) -> Iterator[str]:
    if missing := [name for name in BLOCKS if block.at(name) is not True]:
        yield f"{', '.join(missing)} not true"


def own_key(encryption: Resource) -> Iterator[str]:
    algorithm = encryption.at("rules.applyServerSideEncryptionByDefault.sseAlgorithm")
    if algorithm not in ("aws:kms", "aws:kms:dsse"):
        yield f"sseAlgorithm is {algorithm or 'missing'}; expected aws:kms"


RULES = [
    Rule(
        name="bucket-private",
        reason="A bucket that can become public will become public by mistake.",
        types=("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",),
        check=private,
    ),
    Rule(
        name="bucket-versioned",
        reason="An overwritten state can be restored only from an earlier version.",
        types=("aws:s3/bucketVersioning:BucketVersioning",),
        check=is_one_of("versioningConfiguration.status", "Enabled"),
    ),
    Rule(
        name="bucket-encrypted-by-own-key",
        reason="Only a customer key lets us audit and revoke access to the objects.",
        types=(
            "aws:s3/bucketServerSideEncryptionConfiguration:"
            "BucketServerSideEncryptionConfiguration",
        ),
        check=own_key,
    ),
    Rule(
        name="bucket-tls-only",
        reason="Objects must not be readable in transit.",
        types=POLICY,
        check=refuses_plain_transport("policy"),
    ),
    Rule(
        name="bucket-not-public",
        reason="A state contains the names and secrets of all resources.",
        types=POLICY,
        check=admits_no_stranger("policy"),
    ),
    Rule(
        name="bucket-kept",
        reason="One mistaken command must not delete objects.",
        types=("aws:s3/bucket:Bucket",),
        check=where_data_lasts(is_one_of("forceDestroy", None, False)),
    ),
]
