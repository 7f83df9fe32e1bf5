"""Converts DynamoDB tables between the API and the SDK."""

from collections.abc import Collection, Mapping
from typing import Any

from plugins.aws.resource import tag_list
from plugins.values import Properties


def creation(inputs: Properties) -> dict[str, Any]:
    given: dict[str, Any] = {
        "AttributeDefinitions": attribute_definitions(inputs),
        "KeySchema": _keys(inputs["hashKey"], inputs.get("rangeKey")),
        "BillingMode": inputs["billingMode"],
        "DeletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
        "Tags": tag_list(inputs.get("tags", {})),
    }
    if inputs["billingMode"] == "PROVISIONED":
        given["ProvisionedThroughput"] = _throughput(inputs)
    if inputs.get("globalSecondaryIndexes"):
        indexes = inputs["globalSecondaryIndexes"]
        given["GlobalSecondaryIndexes"] = [index_definition(index) for index in indexes]
    if inputs.get("localSecondaryIndexes"):
        given["LocalSecondaryIndexes"] = [
            index_definition({**index, "hashKey": inputs["hashKey"]})
            for index in inputs["localSecondaryIndexes"]
        ]
    if inputs.get("streamEnabled"):
        given["StreamSpecification"] = _stream(inputs)
    if inputs.get("serverSideEncryption", {}).get("enabled"):
        given["SSESpecification"] = _encryption(inputs)
    return given


def restoration(inputs: Properties) -> dict[str, Any]:
    """Return the request of a restore; keys, indexes and items come from the source."""
    request = {
        "SourceTableName": inputs["restoreSourceName"],
        "TargetTableName": inputs["name"],
        "BillingModeOverride": inputs["billingMode"],
    }
    if inputs.get("restoreToLatestTime"):
        request["UseLatestRestorableTime"] = True
    else:
        request["RestoreDateTime"] = inputs["restoreDateTime"]
    if inputs.get("serverSideEncryption", {}).get("enabled"):
        request["SSESpecificationOverride"] = _encryption(inputs)
    return request


def changed_settings(inputs: Properties, changed: Collection[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if {"billingMode", "readCapacity", "writeCapacity"} & {*changed}:
        settings["BillingMode"] = inputs["billingMode"]
        if inputs["billingMode"] == "PROVISIONED":
            settings["ProvisionedThroughput"] = _throughput(inputs)
    if "deletionProtectionEnabled" in changed:
        settings["DeletionProtectionEnabled"] = inputs.get("deletionProtectionEnabled", False)
    if {"streamEnabled", "streamViewType"} & {*changed}:
        settings["StreamSpecification"] = _stream(inputs)
    if "serverSideEncryption" in changed:
        settings["SSESpecification"] = _encryption(inputs)
    return settings


def described(table: Mapping[str, Any]) -> Properties:
    throughput = table.get("ProvisionedThroughput", {})
    encryption = table.get("SSEDescription", {})
    keys = {key["KeyType"]: key["AttributeName"] for key in table["KeySchema"]}
    stream = table.get("StreamSpecification", {})
    billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    return {
        "arn": table["TableArn"],
        "name": table["TableName"],
        "attributes": [
            {"name": each["AttributeName"], "type": each["AttributeType"]}
            for each in table["AttributeDefinitions"]
        ],
        "hashKey": keys["HASH"],
        "rangeKey": keys.get("RANGE"),
        "billingMode": billing,
        "readCapacity": throughput.get("ReadCapacityUnits", 0),
        "writeCapacity": throughput.get("WriteCapacityUnits", 0),
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "serverSideEncryption": {
            "enabled": encryption.get("Status") == "ENABLED",
            "kmsKeyArn": encryption.get("KMSMasterKeyArn", ""),
        },
        "streamEnabled": stream.get("StreamEnabled", False),
        "streamViewType": stream.get("StreamViewType", ""),
        "streamArn": table.get("LatestStreamArn", ""),
        "streamLabel": table.get("LatestStreamLabel", ""),
        "globalSecondaryIndexes": _told_indexes(table, "GlobalSecondaryIndexes", billing),
        "localSecondaryIndexes": _told_indexes(table, "LocalSecondaryIndexes", billing),
    }


def _told_indexes(table: Mapping[str, Any], kind: str, billing: str) -> list[Properties]:
    return [_told_index(index, billing) for index in table.get(kind) or []]


def _told_index(index: Mapping[str, Any], billing: str) -> Properties:
    keys = {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]}
    projection, throughput = index["Projection"], index.get("ProvisionedThroughput", {})
    told = {
        "name": index["IndexName"],
        "hashKey": keys.get("HASH") if "IndexStatus" in index else None,
        "rangeKey": keys.get("RANGE"),
        "projectionType": projection.get("ProjectionType"),
        "nonKeyAttributes": projection.get("NonKeyAttributes"),
    }
    if billing == "PROVISIONED":
        told["readCapacity"] = throughput.get("ReadCapacityUnits")
        told["writeCapacity"] = throughput.get("WriteCapacityUnits")
    return {name: value for name, value in told.items() if value is not None}


def index_definition(index: Mapping[str, Any]) -> dict[str, Any]:
    projection = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    made = {
        "IndexName": index["name"],
        "KeySchema": _keys(index.get("hashKey"), index.get("rangeKey")),
        "Projection": projection,
    }
    if index.get("readCapacity") or index.get("writeCapacity"):
        made["ProvisionedThroughput"] = _throughput(index)
    return made


def _keys(hash_key: str | None, range_key: str | None) -> list[dict[str, str]]:
    named = (("HASH", hash_key), ("RANGE", range_key))
    return [{"AttributeName": name, "KeyType": kind} for kind, name in named if name]


def attribute_definitions(inputs: Properties) -> list[dict[str, str]]:
    given = inputs.get("attributes", [])
    return [{"AttributeName": each["name"], "AttributeType": each["type"]} for each in given]


def _throughput(given: Mapping[str, Any]) -> dict[str, int]:
    return {
        "ReadCapacityUnits": given.get("readCapacity", 0),
        "WriteCapacityUnits": given.get("writeCapacity", 0),
    }


def _stream(inputs: Properties) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs.get("streamViewType")}


def _encryption(inputs: Properties) -> dict[str, Any]:
    asked = inputs.get("serverSideEncryption", {})
    given: dict[str, Any] = {"Enabled": asked.get("enabled", False)}
    if asked.get("enabled"):
        given["SSEType"] = "KMS"
        if asked.get("kmsKeyArn"):
            given["KMSMasterKeyId"] = asked["kmsKeyArn"]
    return given


def recovery(backups: Mapping[str, Any]) -> Properties:
    told = backups["PointInTimeRecoveryDescription"]
    return {"enabled": told["PointInTimeRecoveryStatus"] == "ENABLED"}
