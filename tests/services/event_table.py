"""The event store's table, as infra/ makes it but for expiry and encryption."""

from typing import Any

KEYS = {"userId": "HASH", "id": "RANGE"}
INDEX_KEYS = {"reminderId": "HASH", "id": "RANGE"}


def make_event_table(client: Any, name: str) -> None:
    index = {
        "IndexName": "by-reminderId",
        "KeySchema": _schema(INDEX_KEYS),
        "Projection": {"ProjectionType": "ALL"},
    }
    names = dict.fromkeys((*KEYS, *INDEX_KEYS))
    client.create_table(
        TableName=name,
        KeySchema=_schema(KEYS),
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in names],
        GlobalSecondaryIndexes=[index],
        BillingMode="PAY_PER_REQUEST",
    )


def _schema(keys: dict[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()]
