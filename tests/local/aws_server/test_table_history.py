"""Restores of DynamoDB tables to a moment."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def table(dynamodb: Any) -> str:
    name = f"events-{time.monotonic_ns()}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return name


def back_up(dynamodb: Any, table: str) -> None:
    dynamodb.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )


def put(dynamodb: Any, table: str, key: str, text: str) -> None:
    dynamodb.put_item(TableName=table, Item={"id": {"S": key}, "text": {"S": text}})


def texts(dynamodb: Any, table: str) -> dict[str, str]:
    items = dynamodb.scan(TableName=table)["Items"]
    return {item["id"]["S"]: item["text"]["S"] for item in items}


def test_restored_table_has_earlier_items(dynamodb: Any, table: str) -> None:
    put(dynamodb, table, "older", "than the backups")
    back_up(dynamodb, table)
    put(dynamodb, table, "changed", "first")
    put(dynamodb, table, "deleted", "later")
    moment = datetime.now(UTC)
    time.sleep(0.01)
    dynamodb.update_item(
        TableName=table,
        Key={"id": {"S": "changed"}},
        UpdateExpression="set #t = :t",
        ExpressionAttributeNames={"#t": "text"},
        ExpressionAttributeValues={":t": {"S": "second"}},
    )
    dynamodb.delete_item(TableName=table, Key={"id": {"S": "deleted"}})
    put(dynamodb, table, "newer", "than the moment")
    restored = f"{table}-restored"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=restored, RestoreDateTime=moment
    )
    assert texts(dynamodb, restored) == {
        "older": "than the backups",
        "changed": "first",
        "deleted": "later",
    }
    latest = f"{table}-latest"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=latest, UseLatestRestorableTime=True
    )
    assert texts(dynamodb, latest) == texts(dynamodb, table)


@pytest.mark.parametrize("hours", [-1, 1])
def test_moments_without_backups_are_refused(dynamodb: Any, table: str, hours: int) -> None:
    back_up(dynamodb, table)
    with pytest.raises(ClientError, match="InvalidRestoreTimeException"):
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table,
            TargetTableName=f"{table}-never",
            RestoreDateTime=datetime.now(UTC) + timedelta(hours=hours),
        )


def test_tables_without_backups_are_refused(dynamodb: Any, table: str) -> None:
    with pytest.raises(ClientError, match="PointInTimeRecoveryUnavailableException"):
        dynamodb.restore_table_to_point_in_time(
            SourceTableName=table, TargetTableName=f"{table}-never", UseLatestRestorableTime=True
        )


def test_restored_table_has_default_settings(dynamodb: Any, table: str) -> None:
    back_up(dynamodb, table)
    arn = dynamodb.update_table(
        TableName=table,
        DeletionProtectionEnabled=True,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "owner", "Value": "reminders"}])
    expiry = {"Enabled": True, "AttributeName": "expires"}
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)
    assert settings(dynamodb, table) == ("ENABLED", "ENABLED", 1, True, True)
    restored = f"{table}-restored"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=restored, UseLatestRestorableTime=True
    )
    assert settings(dynamodb, restored) == ("DISABLED", "DISABLED", 0, False, False)


def settings(dynamodb: Any, table: str) -> tuple[str, str, int, bool, bool]:
    """Return backups, expiry, number of tags, stream and deletion protection."""
    description = dynamodb.describe_table(TableName=table)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    expiry = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    tags = dynamodb.list_tags_of_resource(ResourceArn=description["TableArn"])["Tags"]
    return (
        backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        expiry["TimeToLiveStatus"],
        len(tags),
        "StreamSpecification" in description,
        description["DeletionProtectionEnabled"],
    )
