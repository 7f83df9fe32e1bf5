"""Buckets."""

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
        reason="A bucket that can be opened to all will be, by mistake.",
        types=("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",),
        check=private,
    ),
    Rule(
        name="bucket-versioned",
        reason="A state that was overwritten can only come back from an older version.",
        types=("aws:s3/bucketVersioning:BucketVersioning",),
        check=is_one_of("versioningConfiguration.status", "Enabled"),
    ),
    Rule(
        name="bucket-encrypted-by-own-key",
        reason="Only with a key of ours can access to the objects be watched and withdrawn.",
        types=(
            "aws:s3/bucketServerSideEncryptionConfiguration:"
            "BucketServerSideEncryptionConfiguration",
        ),
        check=own_key,
    ),
    Rule(
        name="bucket-tls-only",
        reason="Objects must not be read on their way.",
        types=POLICY,
        check=refuses_plain_transport("policy"),
    ),
    Rule(
        name="bucket-not-public",
        reason="A state holds the names, and secrets, of everything.",
        types=POLICY,
        check=admits_no_stranger("policy"),
    ),
    Rule(
        name="bucket-kept",
        reason="Objects must not go by one mistaken command.",
        types=("aws:s3/bucket:Bucket",),
        check=where_data_lasts(is_one_of("forceDestroy", None, False)),
    ),
]
