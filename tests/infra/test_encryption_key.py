import json

from herald_infra.encryption_key import EncryptionKey, EncryptionKeyArgs

ADMINISTRATION = {
    "Sid": "AccountDecidesByIam",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "kms:*",
    "Resource": "*",
}


def test_key_rotates_and_serves_one_account(deploy):
    args = EncryptionKeyArgs(
        account_id="123456789012", services=["sns.amazonaws.com", "ses.amazonaws.com"]
    )
    deployment = deploy(lambda: EncryptionKey("dev-herald", args))
    key = deployment.one("aws:kms/key:Key")
    inputs = dict(key.inputs)
    assert json.loads(inputs.pop("policy")) == {
        "Version": "2012-10-17",
        "Statement": [
            ADMINISTRATION,
            {
                "Sid": "ServicesSendEncrypted",
                "Effect": "Allow",
                "Principal": {"Service": ["sns.amazonaws.com", "ses.amazonaws.com"]},
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
            },
        ],
    }
    assert inputs == {
        "description": "Encrypts the messages and records of dev-herald",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
    }
    assert key.parent == ("herald:infra:EncryptionKey", "dev-herald")
    assert deployment.one("aws:kms/alias:Alias").inputs == {
        "name": "alias/dev-herald",
        "targetKeyId": "dev-herald-1a2b3c4",
    }
    assert deployment.one("herald:infra:EncryptionKey").outputs == {
        "arn": "arn:aws:kms:eu-central-1:123456789012:key/dev-herald-1a2b3c4"
    }


def test_key_without_services_serves_the_account(deploy):
    args = EncryptionKeyArgs(account_id="123456789012", services=())
    policy = (
        deploy(lambda: EncryptionKey("dev-herald", args)).one("aws:kms/key:Key").inputs["policy"]
    )
    assert json.loads(policy)["Statement"] == [ADMINISTRATION]


def test_logs_are_encrypted_in_named_region(deploy):
    args = EncryptionKeyArgs(account_id="123456789012", services=(), logs_region="eu-central-1")
    policy = (
        deploy(lambda: EncryptionKey("dev-herald", args)).one("aws:kms/key:Key").inputs["policy"]
    )
    groups = "arn:aws:logs:eu-central-1:123456789012:log-group:*"
    assert json.loads(policy)["Statement"] == [
        ADMINISTRATION,
        {
            "Sid": "LogsEncrypted",
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-central-1.amazonaws.com"},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
            ],
            "Resource": "*",
            "Condition": {"StringLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
    ]
