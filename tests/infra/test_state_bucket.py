import json

import pulumi
import pytest
from herald_infra.state_bucket import StateBucket, StateBucketArgs

ARN = "arn:aws:s3:::dev-state-1a2b3c4"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/dev-state-1a2b3c4"


def s3(kind):
    return f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}"


@pytest.fixture
def state(deploy):
    def program():
        bucket = StateBucket("dev-state", StateBucketArgs(account_id="123456789012"))
        pulumi.export("listing", bucket.list_statement())
        pulumi.export("updating", bucket.update_statements("herald"))
        pulumi.export("reading", bucket.read_statements())

    return deploy(program)


def only(state, kind):
    inputs = dict(state.one(s3(kind)).inputs)
    assert inputs.pop("bucket") == "dev-state-1a2b3c4"
    return inputs


def test_nobody_outside_can_be_let_in(state):
    assert only(state, "BucketPublicAccessBlock") == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert only(state, "BucketOwnershipControls") == {
        "rule": {"objectOwnership": "BucketOwnerEnforced"}
    }


def test_it_is_reached_over_tls_alone(state):
    policy = json.loads(only(state, "BucketPolicy")["policy"])
    assert policy["Statement"] == [
        {
            "Sid": "DenyPlainTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [ARN, f"{ARN}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_bucket_is_encrypted_by_its_key(state):
    assert only(state, "BucketServerSideEncryptionConfiguration")["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": KEY,
            },
            "bucketKeyEnabled": True,
        }
    ]
    assert state.one("aws:kms/key:Key").inputs["enableKeyRotation"] is True


def test_replaced_state_stays_for_a_while(state):
    assert only(state, "BucketVersioning") == {"versioningConfiguration": {"status": "Enabled"}}
    [rule] = only(state, "BucketLifecycleConfiguration")["rules"]
    assert rule == {
        "id": "replaced-versions",
        "status": "Enabled",
        "filter": {},
        "noncurrentVersionExpiration": {"noncurrentDays": 90, "newerNoncurrentVersions": 10},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    }
    assert state.one(s3("Bucket")).inputs == {"forceDestroy": False}


READING = [
    {"Sid": "ReadState", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{ARN}/*"]},
    {"Sid": "ReadSecrets", "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [KEY]},
]


def test_update_writes_one_project(state):
    """A role that could write the foundation's state would run code as its administrator."""
    assert state.exports["updating"] == [
        *READING,
        {
            "Sid": "WriteState",
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:DeleteObject"],
            "Resource": [
                f"{ARN}/.pulumi/stacks/herald/*",
                f"{ARN}/.pulumi/history/herald/*",
                f"{ARN}/.pulumi/backups/herald/*",
                f"{ARN}/.pulumi/locks/organization/herald/*",
            ],
        },
        {
            "Sid": "WriteSecrets",
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": [KEY],
        },
    ]


def test_comparison_reads_every_project(state):
    assert state.exports["reading"] == READING
    assert state.exports["listing"] == {
        "Sid": "FindState",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [ARN],
    }


def test_name_and_retention_are_passed_on(deploy):
    args = StateBucketArgs(account_id="123456789012", bucket="acme-state", kept_days=7)
    deployment = deploy(lambda: StateBucket("dev-state", args))
    assert deployment.one("herald:infra:StateBucket").outputs["name"] == "acme-state"
    [rule] = deployment.one(s3("BucketLifecycleConfiguration")).inputs["rules"]
    assert rule["noncurrentVersionExpiration"]["noncurrentDays"] == 7
