"""Defines rules for tables, database servers, keys and image repositories."""

from collections.abc import Iterator
from typing import Any

from platform_policies.documents import admits_no_stranger
from platform_policies.resource import Resource, at
from platform_policies.rule import (
    Rule,
    contains,
    is_at_least,
    is_one_of,
    where_data_lasts,
)

TABLE = ("aws:dynamodb/table:Table",)
SERVER = ("aws:rds/instance:Instance",)
PARAMETERS = ("aws:rds/parameterGroup:ParameterGroup",)
KEY = ("aws:kms/key:Key",)
REPOSITORY = ("aws:ecr/repository:Repository",)
REPOSITORY_POLICY = ("aws:ecr/repositoryPolicy:RepositoryPolicy",)


def customer_key(table: Resource) -> Iterator[str]:
    if table.at("serverSideEncryption.enabled") is not True:
        yield "serverSideEncryption.enabled is not true"
    elif not table.has("serverSideEncryption.kmsKeyArn"):
        yield "serverSideEncryption.kmsKeyArn is missing"


def keeps_last_snapshot(server: Resource) -> Iterator[str]:
    if server.at("skipFinalSnapshot") is True or not server.has("finalSnapshotIdentifier"):
        yield "there is no final snapshot; set finalSnapshotIdentifier, not skipFinalSnapshot"


def forced_tls(group: Resource) -> Iterator[str]:
    if not str(group.at("family")).startswith("postgres"):
        return
    parameters: dict[str, Any] = {
        at(each, "name"): at(each, "value") for each in group.list_at("parameters")
    }
    if parameters.get("rds.force_ssl") != "1":
        yield f"rds.force_ssl is {parameters.get('rds.force_ssl') or 'missing'}; expected 1"


def two_subnets(group: Resource) -> Iterator[str]:
    if (count := len(group.list_at("subnetIds"))) < 2:
        yield f"subnetIds has {count}; expected at least 2"


def rotates(key: Resource) -> Iterator[str]:
    symmetric = key.at("customerMasterKeySpec") in (None, "SYMMETRIC_DEFAULT")
    if symmetric and key.at("enableKeyRotation") is not True:
        yield "enableKeyRotation is not true"


TABLES = [
    Rule(
        name="table-encrypted-by-own-key",
        reason="Only a customer key lets us audit and revoke access to the records.",
        types=TABLE,
        check=customer_key,
    ),
    Rule(
        name="table-restorable",
        reason="A faulty release can overwrite records; point-in-time recovery restores them.",
        types=TABLE,
        check=is_one_of("pointInTimeRecovery.enabled", True),
    ),
    Rule(
        name="table-deletion-protected",
        reason="One mistaken command must not delete the records of users.",
        types=TABLE,
        check=where_data_lasts(is_one_of("deletionProtectionEnabled", True)),
    ),
]
SERVERS = [
    Rule(
        name="database-encrypted",
        reason="Storage, snapshots and logs contain the data of users.",
        types=SERVER,
        check=is_one_of("storageEncrypted", True),
    ),
    Rule(
        name="database-private",
        reason="Only the cluster and the functions of this network talk to the database.",
        types=SERVER,
        check=is_one_of("publiclyAccessible", False),
    ),
    Rule(
        name="database-tls-only",
        reason="Without rds.force_ssl, PostgreSQL also accepts plain connections.",
        types=PARAMETERS,
        check=forced_tls,
    ),
    Rule(
        name="database-backed-up",
        reason="Faults are often noticed days later.",
        types=SERVER,
        check=is_at_least("backupRetentionPeriod", 7, "days"),
    ),
    Rule(
        name="database-last-snapshot",
        reason="A deleted server can be restored only from its final snapshot.",
        types=SERVER,
        check=keeps_last_snapshot,
    ),
    Rule(
        name="database-deletion-protected",
        reason="One mistaken command must not delete the data of users.",
        types=SERVER,
        check=where_data_lasts(is_one_of("deletionProtection", True)),
    ),
    Rule(
        name="database-in-two-zones",
        reason="Reminders must arrive during an outage of one zone.",
        types=SERVER,
        check=where_data_lasts(is_one_of("multiAz", True)),
    ),
    Rule(
        name="database-patched",
        reason="Minor versions fix vulnerabilities.",
        types=SERVER,
        check=is_one_of("autoMinorVersionUpgrade", True),
    ),
    Rule(
        name="database-logs-exported",
        reason="Logs on the server are deleted with it.",
        types=SERVER,
        check=contains("enabledCloudwatchLogsExports", "postgresql"),
    ),
    Rule(
        name="database-insights",
        reason="Without performance data, slow queries cannot be found afterwards.",
        types=SERVER,
        check=is_one_of("performanceInsightsEnabled", True),
        level="advisory",
    ),
    Rule(
        name="database-tags-on-snapshots",
        reason="A snapshot without tags cannot be assigned to an environment or an owner.",
        types=SERVER,
        check=is_one_of("copyTagsToSnapshot", True),
    ),
]
NETWORKS = [
    Rule(
        name="database-subnets-in-two-zones",
        reason="A subnet is in one zone, so the server cannot move with a single subnet.",
        types=("aws:rds/subnetGroup:SubnetGroup",),
        check=two_subnets,
    )
]
KEYS = [
    Rule(
        name="key-rotates",
        reason="A leaked key must not decrypt the data of the next year.",
        types=KEY,
        check=rotates,
    ),
    Rule(
        name="key-deleted-late",
        reason="Data of a deleted key are lost; only the waiting period permits a return.",
        types=KEY,
        check=is_at_least("deletionWindowInDays", 14, "days"),
    ),
    Rule(
        name="key-not-public",
        reason="A key with unknown users protects nothing.",
        types=KEY,
        check=admits_no_stranger("policy"),
    ),
]
REPOSITORIES = [
    Rule(
        name="repository-scanned",
        reason="A scan at each push finds known vulnerabilities in packages.",
        types=REPOSITORY,
        check=is_one_of("imageScanningConfiguration.scanOnPush", True),
    ),
    Rule(
        name="repository-encrypted-by-own-key",
        reason="Only a customer key lets us audit and revoke access to the images.",
        types=REPOSITORY,
        check=is_one_of("encryptionConfigurations.encryptionType", "KMS", "KMS_DSSE"),
        level="advisory",
    ),
    Rule(
        name="repository-kept",
        reason="Deleting a repository with its images makes running services unable to restart.",
        types=REPOSITORY,
        check=where_data_lasts(is_one_of("forceDelete", None, False)),
    ),
    Rule(
        name="repository-not-public",
        reason="Images contain the source of the services.",
        types=REPOSITORY_POLICY,
        check=admits_no_stranger("policy"),
    ),
]


RULES = [*TABLES, *SERVERS, *NETWORKS, *KEYS, *REPOSITORIES]
