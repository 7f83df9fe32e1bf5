"""Tables, servers, keys and repositories."""

from tests.review.policies.breaches.breach import ABSENT, ANYONE, Breach
from tests.review.policies.sound_resources import admit, document

TABLE = "aws:dynamodb/table:Table"
SERVER = "aws:rds/instance:Instance"
KEY = "aws:kms/key:Key"
REPOSITORY = "aws:ecr/repository:Repository"


STORAGE = [
    Breach(
        "table-encrypted-by-own-key",
        TABLE,
        {"serverSideEncryption": ABSENT},
        "serverSideEncryption.enabled is not true",
    ),
    Breach(
        "table-encrypted-by-own-key",
        TABLE,
        {"serverSideEncryption.kmsKeyArn": ABSENT},
        "serverSideEncryption.kmsKeyArn is missing",
    ),
    Breach(
        "table-restorable",
        TABLE,
        {"pointInTimeRecovery.enabled": False},
        "pointInTimeRecovery.enabled is false; expected true",
    ),
    Breach(
        "table-deletion-protected",
        TABLE,
        {"deletionProtectionEnabled": ABSENT},
        "deletionProtectionEnabled is missing; expected true",
    ),
    Breach(
        "database-encrypted",
        SERVER,
        {"storageEncrypted": False},
        "storageEncrypted is false; expected true",
    ),
    Breach(
        "database-private",
        SERVER,
        {"publiclyAccessible": True},
        "publiclyAccessible is true; expected false",
    ),
    Breach(
        "database-tls-only",
        "aws:rds/parameterGroup:ParameterGroup",
        {"parameters": [{"name": "rds.force_ssl", "value": "0"}]},
        "rds.force_ssl is 0; expected 1",
    ),
    Breach(
        "database-backed-up",
        SERVER,
        {"backupRetentionPeriod": 1},
        "backupRetentionPeriod is 1 days; expected at least 7 days",
    ),
    Breach(
        "database-last-snapshot",
        SERVER,
        {"skipFinalSnapshot": True},
        "there is no final snapshot; set finalSnapshotIdentifier, not skipFinalSnapshot",
    ),
    Breach(
        "database-deletion-protected",
        SERVER,
        {"deletionProtection": False},
        "deletionProtection is false; expected true",
    ),
    Breach("database-in-two-zones", SERVER, {"multiAz": False}, "multiAz is false; expected true"),
    Breach(
        "database-patched",
        SERVER,
        {"autoMinorVersionUpgrade": False},
        "autoMinorVersionUpgrade is false; expected true",
    ),
    Breach(
        "database-logs-exported",
        SERVER,
        {"enabledCloudwatchLogsExports": ["upgrade"]},
        "enabledCloudwatchLogsExports lacks postgresql",
    ),
    Breach(
        "database-insights",
        SERVER,
        {"performanceInsightsEnabled": ABSENT},
        "performanceInsightsEnabled is missing; expected true",
    ),
    Breach(
        "database-tags-on-snapshots",
        SERVER,
        {"copyTagsToSnapshot": ABSENT},
        "copyTagsToSnapshot is missing; expected true",
    ),
    Breach(
        "database-subnets-in-two-zones",
        "aws:rds/subnetGroup:SubnetGroup",
        {"subnetIds": ["subnet-a"]},
        "subnetIds has 1; expected at least 2",
    ),
    Breach("key-rotates", KEY, {"enableKeyRotation": ABSENT}, "enableKeyRotation is not true"),
    Breach(
        "key-deleted-late",
        KEY,
        {"deletionWindowInDays": 7},
        "deletionWindowInDays is 7 days; expected at least 14 days",
    ),
    Breach("key-not-public", KEY, {"policy": document(admit({"AWS": "*"}))}, ANYONE),
    Breach(
        "repository-scanned",
        REPOSITORY,
        {"imageScanningConfiguration": ABSENT},
        "imageScanningConfiguration.scanOnPush is missing; expected true",
    ),
    Breach(
        "repository-encrypted-by-own-key",
        REPOSITORY,
        {"encryptionConfigurations": ABSENT},
        "encryptionConfigurations.encryptionType is missing; expected KMS or KMS_DSSE",
    ),
    Breach(
        "repository-kept",
        REPOSITORY,
        {"forceDelete": True},
        "forceDelete is true; expected missing or false",
    ),
    Breach(
        "repository-not-public",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        {"policy": document(admit("*"))},
        ANYONE,
    ),
]
