"""RDS of the emulator, with servers that answer."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from botocore.exceptions import ClientError

from tests.emulator import aws_emulator

REGION = "eu-central-1"
pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
SERVER = {
    "Engine": "postgres",
    "EngineVersion": "17",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "postgres",
    "BackupRetentionPeriod": 7,
}
Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("databases")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o711)  # PostgreSQL runs as another user
    with aws_emulator("--databases", str(folder)) as url:

        def made(service: str) -> Any:
            return boto3.client(
                service,
                endpoint_url=url,
                region_name=REGION,
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )

        yield made


@pytest.fixture(scope="module")
def server(client: Client) -> str:
    client("rds").create_db_instance(
        DBInstanceIdentifier="first", ManageMasterUserPassword=True, **SERVER
    )
    make_table(client, "first")
    return "first"


def ask(client: Client, identifier: str, statement: str, database: str = "reminders") -> list[Any]:
    [instance] = client("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    secret = client("secretsmanager").get_secret_value(
        SecretId=instance["MasterUserSecret"]["SecretArn"]
    )
    with psycopg.connect(
        host=instance["Endpoint"]["Address"],
        port=instance["Endpoint"]["Port"],
        user=json.loads(secret["SecretString"])["username"],
        password=json.loads(secret["SecretString"])["password"],
        dbname=database,
        autocommit=True,
    ) as connection:
        cursor = connection.execute(statement)
        return [row[0] for row in cursor] if cursor.description else []


def make_table(client: Client, identifier: str) -> None:
    ask(client, identifier, "create database reminders", "postgres")
    ask(client, identifier, "create table reminders (text text)")


def write(client: Client, identifier: str, text: str) -> datetime:
    """Return a moment after the row is there; RDS restores to whole seconds."""
    ask(client, identifier, f"insert into reminders values ('{text}')")
    time.sleep(1.1)
    moment = datetime.now(UTC).replace(microsecond=0)
    time.sleep(1.1)
    return moment


def texts(client: Client, identifier: str) -> list[Any]:
    return ask(client, identifier, "select text from reminders order by 1")


def test_restored_server_has_earlier_rows(client: Client, server: str) -> None:
    moment = write(client, server, "before")
    write(client, server, "damage")
    client("rds").restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=server,
        TargetDBInstanceIdentifier="second",
        RestoreTime=moment,
        ManageMasterUserPassword=True,
    )
    assert texts(client, "second") == ["before"]
    assert texts(client, server) == ["before", "damage"]
    write(client, "second", "afterwards")
    client("rds").restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="second",
        TargetDBInstanceIdentifier="third",
        UseLatestRestorableTime=True,
        ManageMasterUserPassword=True,
    )
    assert texts(client, "third") == ["afterwards", "before"]


def test_modified_server_has_performance_insights(client: Client, server: str) -> None:
    rds = client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=server, EnablePerformanceInsights=True)
    [told] = rds.describe_db_instances(DBInstanceIdentifier=server)["DBInstances"]
    assert told["PerformanceInsightsEnabled"]


def test_snapshot_outlives_its_server(client: Client) -> None:
    rds = client("rds")
    rds.create_db_instance(DBInstanceIdentifier="short", ManageMasterUserPassword=True, **SERVER)
    make_table(client, "short")
    write(client, "short", "kept")
    rds.delete_db_instance(DBInstanceIdentifier="short", FinalDBSnapshotIdentifier="last")
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="again", DBSnapshotIdentifier="last", ManageMasterUserPassword=True
    )
    assert texts(client, "again") == ["kept"]


def test_renewed_password_opens_the_server(client: Client, server: str) -> None:
    [before] = client("rds").describe_db_instances(DBInstanceIdentifier=server)["DBInstances"]
    secrets, arn = client("secretsmanager"), before["MasterUserSecret"]["SecretArn"]
    old = secrets.get_secret_value(SecretId=arn)["SecretString"]
    client("rds").modify_db_instance(
        DBInstanceIdentifier=server, RotateMasterUserPassword=True, ApplyImmediately=True
    )
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] != old
    assert ask(client, server, "select 1") == [1]


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def test_future_moments_are_refused(client: Client, server: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    assert "InvalidParameterValue" == refusal(
        lambda: client("rds").restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier=server,
            TargetDBInstanceIdentifier="future",
            RestoreTime=later,
        )
    )


def test_major_upgrade_needs_its_flag(client: Client, server: str) -> None:
    def upgrade(**options: Any) -> Any:
        return client("rds").modify_db_instance(
            DBInstanceIdentifier=server, EngineVersion="18", **options
        )

    assert refusal(upgrade) == "InvalidParameterCombination"
    waiting = upgrade(AllowMajorVersionUpgrade=True)["DBInstance"]
    assert waiting["EngineVersion"] == "17"
    assert waiting["PendingModifiedValues"] == {"EngineVersion": "18"}
    started = "select pg_postmaster_start_time()"
    before = ask(client, server, started)
    done = upgrade(AllowMajorVersionUpgrade=True, ApplyImmediately=True)["DBInstance"]
    assert done["EngineVersion"] == "18"
    assert ask(client, server, started) > before  # an upgrade cuts all connections


def test_changes_wait_for_maintenance_window(client: Client, server: str) -> None:
    def modify(**options: Any) -> Any:
        return client("rds").modify_db_instance(DBInstanceIdentifier=server, **options)[
            "DBInstance"
        ]

    before = modify(BackupRetentionPeriod=9)
    storage = before["AllocatedStorage"] + 10
    modify(DBInstanceClass="db.t4g.large")
    waiting = modify(AllocatedStorage=storage)
    expected = {"DBInstanceClass": "db.t4g.large", "AllocatedStorage": storage}
    assert waiting["PendingModifiedValues"] == expected
    assert {name: waiting[name] for name in expected} == {name: before[name] for name in expected}
    done = modify(ApplyImmediately=True)
    assert done["PendingModifiedValues"] == {}
    assert {name: done[name] for name in expected} == expected


def test_parameters_of_another_version_are_refused(client: Client, server: str) -> None:
    rds = client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="old", DBParameterGroupFamily="postgres16", Description="old"
    )
    assert "InvalidParameterCombination" == refusal(
        lambda: rds.modify_db_instance(DBInstanceIdentifier=server, DBParameterGroupName="old")
    )


def test_final_snapshots_have_unique_names(client: Client) -> None:
    rds = client("rds")

    def delete(snapshot: str) -> Any:
        return rds.delete_db_instance(
            DBInstanceIdentifier="twice",
            FinalDBSnapshotIdentifier=snapshot,
            DeleteAutomatedBackups=False,
        )

    rds.create_db_instance(DBInstanceIdentifier="twice", MasterUserPassword="secret", **SERVER)
    delete("twice-final")
    rds.create_db_instance(DBInstanceIdentifier="twice", MasterUserPassword="secret", **SERVER)
    assert refusal(lambda: delete("twice-final")) == "DBSnapshotAlreadyExists"
    delete("twice-final-2")


def test_disabled_keys_open_no_snapshot(client: Client) -> None:
    rds, kms = client("rds"), client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    rds.create_db_instance(
        DBInstanceIdentifier="locked",
        StorageEncrypted=True,
        KmsKeyId=key,
        MasterUserPassword="secret",
        **SERVER,
    )
    rds.delete_db_instance(DBInstanceIdentifier="locked", FinalDBSnapshotIdentifier="locked-final")
    kms.schedule_key_deletion(KeyId=key)

    def restore() -> Any:
        return rds.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier="opened",
            DBSnapshotIdentifier="locked-final",
            ManageMasterUserPassword=True,
        )

    assert refusal(restore) == "KMSKeyNotAccessibleFault"
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    restore()


def test_monitoring_leaves_its_log_group(client: Client) -> None:
    client("rds").create_db_instance(
        DBInstanceIdentifier="watched",
        MonitoringInterval=60,
        MonitoringRoleArn="arn:aws:iam::123456789012:role/monitoring",
        MasterUserPassword="secret",
        **SERVER,
    )
    client("rds").delete_db_instance(DBInstanceIdentifier="watched", SkipFinalSnapshot=True)
    [group] = client("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("RDSOSMetrics", 30)
