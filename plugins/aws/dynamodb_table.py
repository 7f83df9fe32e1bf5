"""Converts DynamoDB tables between the API and the SDK."""

from collections.abc import Collection, Mapping
from typing import Any

from plugins.aws.resource import tag_list
from plugins.values import Properties


def creation_request(inputs: Properties) -> dict[str, Any]:
    request: dict[str, Any] = {
        "AttributeDefinitions": attribute_definitions(inputs),
        "KeySchema": _keys(inputs["hashKey"], inputs.get("rangeKey")),
        "BillingMode": inputs["billingMode"],
        "DeletionProtectionEnabled": inputs.get("deletionProtectionEnabled", False),
        "Tags": tag_list(inputs.get("tags", {})),
    }
    if inputs["billingMode"] == "PROVISIONED":
        request["ProvisionedThroughput"] = _throughput(inputs)
    if inputs.get("globalSecondaryIndexes"):
        indexes = inputs["globalSecondaryIndexes"]
        request["GlobalSecondaryIndexes"] = [index_definition(index) for index in indexes]
    if inputs.get("localSecondaryIndexes"):
        request["LocalSecondaryIndexes"] = [
            index_definition({**index, "hashKey": inputs["hashKey"]})
            for index in inputs["localSecondaryIndexes"]
        ]
    if inputs.get("streamEnabled"):
        request["StreamSpecification"] = _stream(inputs)
    if inputs.get("serverSideEncryption", {}).get("enabled"):
        request["SSESpecification"] = _encryption(inputs)
    return request


def restore_request(inputs: Properties) -> dict[str, Any]:
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


def table_outputs(table: Mapping[str, Any]) -> Properties:
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
        "globalSecondaryIndexes": _index_outputs(table, "GlobalSecondaryIndexes", billing),
        "localSecondaryIndexes": _index_outputs(table, "LocalSecondaryIndexes", billing),
    }


def _index_outputs(table: Mapping[str, Any], kind: str, billing: str) -> list[Properties]:
    return [_index_output(index, billing) for index in table.get(kind) or []]


def _index_output(index: Mapping[str, Any], billing: str) -> Properties:
    keys = {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]}
    projection, throughput = index["Projection"], index.get("ProvisionedThroughput", {})
    outputs = {
        "name": index["IndexName"],
        "hashKey": keys.get("HASH") if "IndexStatus" in index else None,
        "rangeKey": keys.get("RANGE"),
        "projectionType": projection.get("ProjectionType"),
        "nonKeyAttributes": projection.get("NonKeyAttributes"),
    }
    if billing == "PROVISIONED":
        outputs["readCapacity"] = throughput.get("ReadCapacityUnits")
        outputs["writeCapacity"] = throughput.get("WriteCapacityUnits")
    return {name: value for name, value in outputs.items() if value is not None}


def index_definition(index: Mapping[str, Any]) -> dict[str, Any]:
    projection = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = index["nonKeyAttributes"]
    definition = {
        "IndexName": index["name"],
        "KeySchema": _keys(index.get("hashKey"), index.get("rangeKey")),
        "Projection": projection,
    }
    if index.get("readCapacity") or index.get("writeCapacity"):
        definition["ProvisionedThroughput"] = _throughput(index)
    return definition


def _keys(hash_key: str | None, range_key: str | None) -> list[dict[str, str]]:
    keys = (("HASH", hash_key), ("RANGE", range_key))
    return [{"AttributeName": name, "KeyType": kind} for kind, name in keys if name]


def attribute_definitions(inputs: Properties) -> list[dict[str, str]]:
    attributes = inputs.get("attributes", [])
    return [{"AttributeName": one["name"], "AttributeType": one["type"]} for one in attributes]


def _throughput(capacity: Mapping[str, Any]) -> dict[str, int]:
    return {
        "ReadCapacityUnits": capacity.get("readCapacity", 0),
        "WriteCapacityUnits": capacity.get("writeCapacity", 0),
    }


def _stream(inputs: Properties) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs.get("streamViewType")}


def _encryption(inputs: Properties) -> dict[str, Any]:
    asked = inputs.get("serverSideEncryption", {})
    request: dict[str, Any] = {"Enabled": asked.get("enabled", False)}
    if asked.get("enabled"):
        request["SSEType"] = "KMS"
        if asked.get("kmsKeyArn"):
            request["KMSMasterKeyId"] = asked["kmsKeyArn"]
    return request


def recovery_outputs(backups: Mapping[str, Any]) -> Properties:
    description = backups["PointInTimeRecoveryDescription"]
    return {"enabled": description["PointInTimeRecoveryStatus"] == "ENABLED"}
