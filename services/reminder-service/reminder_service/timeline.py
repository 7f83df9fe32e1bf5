"""Reads the events of a reminder from the event store."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

INDEX = "by-reminderId"
_WANTED = "#user = :user and #expires > :now"  # DynamoDB deletes expired items days later
_NAMES = {"#reminder": "reminderId", "#user": "userId", "#expires": "expiresAt", "#id": "id"}


@dataclass(frozen=True)
class TimelinePage:
    events: list[dict[str, Any]]  # envelopes with `recordedAt`, the oldest first
    more: bool


class DynamoTimelines:
    """Reads the index of the event store by reminder; every query names the user."""

    def __init__(
        self,
        client: Any,
        table: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._table, self._clock = client, table, clock

    def page(self, user_id: str, reminder_id: UUID, limit: int, after: UUID | None) -> TimelinePage:
        """Return the user's events of a reminder after the event `after`."""
        request = self._request(user_id, reminder_id, limit, after)
        events: list[dict[str, Any]] = []
        while len(events) <= limit:
            answer = self._client.query(**request)
            events += [_event(item) for item in answer["Items"]]
            if not (last := answer.get("LastEvaluatedKey")):
                break
            request["ExclusiveStartKey"] = last
        return TimelinePage(events[:limit], len(events) > limit)

    def _request(
        self, user_id: str, reminder_id: UUID, limit: int, after: UUID | None
    ) -> dict[str, Any]:
        values: dict[str, Any] = {
            ":reminder": str(reminder_id),
            ":after": str(after or UUID(int=0)),
            ":user": user_id,
            ":now": int(self._clock().timestamp()),
        }
        serialize = TypeSerializer().serialize
        return {
            "TableName": self._table,
            "IndexName": INDEX,
            "KeyConditionExpression": "#reminder = :reminder and #id > :after",
            "FilterExpression": _WANTED,
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": {name: serialize(one) for name, one in values.items()},
            "Limit": limit + 1,
        }


def _event(item: dict[str, Any]) -> dict[str, Any]:
    read = TypeDeserializer().deserialize
    plain = {name: read(value) for name, value in item.items()}
    return dict(json.loads(json.dumps(plain, default=_number)))


def _number(value: Any) -> int | float:
    """Return a number for JSON; DynamoDB returns decimals."""
    if not isinstance(value, Decimal):
        raise TypeError(f"Expected a value of JSON; got {type(value).__name__}.")
    return int(value) if value == value.to_integral_value() else float(value)
