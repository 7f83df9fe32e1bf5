"""Remembers every event in DynamoDB, by user and time."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError
from event_messages.event import Event

KEPT = timedelta(days=90)


class TableClient(Protocol):
    """The part of a DynamoDB client that is used here."""

    def put_item(
        self, *, TableName: str, Item: dict[str, Any], ConditionExpression: str
    ) -> dict[str, Any]: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


class DynamoEventStore:
    """One item an event; its id orders a user's events by time, and repeats change nothing."""

    def __init__(
        self, client: TableClient, table: str, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._client, self._table, self._clock = client, table, clock
        self._serialize = TypeSerializer().serialize

    def append(self, event: Event) -> None:
        item = {name: self._serialize(value) for name, value in self._item(event).items()}
        self._put(item, "attribute_not_exists(id)")

    def ping(self) -> None:
        """Ask for a write that its condition refuses: all that a write needs, and no write."""
        nobody = {"userId": {"S": "ping"}, "id": {"S": "ping"}}
        self._put(nobody, "attribute_exists(id)")

    def _put(self, item: dict[str, Any], condition: str) -> None:
        """Nothing happens where the condition does not hold."""
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression=condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _item(self, event: Event) -> dict[str, Any]:
        return item_of(event, self._clock())


def item_of(event: Event, recorded_at: datetime) -> dict[str, Any]:
    """The envelope, when it was recorded and expires, and the reminder that it is about."""
    # Numbers with a fraction are only stored as decimals.
    item = json.loads(event.to_json(), parse_float=Decimal)
    item["recordedAt"] = recorded_at.isoformat(timespec="microseconds")
    item["expiresAt"] = int((event.occurred_at + KEPT).timestamp())  # seconds since 1970
    if reminder := reminder_of(event):
        item["reminderId"] = reminder
    return dict(item)


def reminder_of(event: Event) -> str | None:
    """The id of the reminder that the event is about, by which a timeline finds it."""
    named = event.data.get("id" if event.item_type == "reminder" else "reminderId")
    return str(named) if named else None
