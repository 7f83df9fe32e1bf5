"""Stores every event in DynamoDB, by user and time."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError
from event_messages.contract import PreferencesUpdated
from event_messages.event import Event

KEPT = timedelta(days=90)
PREFERENCES = "preferences"  # id of the item with the preferences of a user


class DynamoEventStore:
    """Stores one item per event; ids order the events of a user, and repeats change nothing."""

    def __init__(
        self,
        client: Any,
        table: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client, self._table, self._clock = client, table, clock
        self._serialize = TypeSerializer().serialize

    def append(self, event: Event) -> None:
        """Store the event; a repeat changes nothing."""
        self._put(self._serialized(item_of(event, self._clock())), "attribute_not_exists(id)")

    def keep_preferences(self, preferences: PreferencesUpdated) -> None:
        """Store the latest preferences of a user in one item that does not expire."""
        item = self._serialized(preferences_item(preferences))
        self._put(
            item,
            "attribute_not_exists(id) or version < :version",
            ExpressionAttributeValues={":version": item["version"]},
        )

    def ping(self) -> None:
        """Try a write whose condition fails: this checks all permissions and changes nothing."""
        nobody = {"userId": {"S": "ping"}, "id": {"S": "ping"}}
        self._put(nobody, "attribute_exists(id)")

    def _serialized(self, item: dict[str, Any]) -> dict[str, Any]:
        return {name: self._serialize(value) for name, value in item.items()}

    def _put(self, item: dict[str, Any], condition: str, **options: Any) -> None:
        """Put an item, unless its condition fails."""
        try:
            self._client.put_item(
                TableName=self._table, Item=item, ConditionExpression=condition, **options
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


def item_of(event: Event, recorded_at: datetime) -> dict[str, Any]:
    """Return the item: envelope, time of recording, expiry, and id of the reminder."""
    # DynamoDB stores fractions only as decimals.
    item = json.loads(event.to_json(), parse_float=Decimal)
    item["recordedAt"] = recorded_at.isoformat(timespec="microseconds")
    item["expiresAt"] = int((event.occurred_at + KEPT).timestamp())  # seconds since 1970
    if reminder := reminder_of(event):
        item["reminderId"] = reminder
    return dict(item)


def preferences_item(preferences: PreferencesUpdated) -> dict[str, Any]:
    return {
        "userId": preferences.user_id,
        "id": PREFERENCES,
        "timeZone": preferences.time_zone,
        "version": preferences.version,
    }


def reminder_of(event: Event) -> str | None:
    """Return the id of the reminder of an event; timelines search for it."""
    named = event.data.get("id" if event.item_type == "reminder" else "reminderId")
    return str(named) if named else None
