"""Finds the time zone of a user for requests that name none."""

from collections.abc import Callable
from typing import Any

from service_runtime.bodies import time_zone_names
from service_runtime.identity import Caller

PREFERENCES = "preferences"  # id of the item that event-service stores for each user


class DynamoPreferredZones:
    """Reads the preferences that event-service stores in the event store."""

    def __init__(self, client: Any, table: str) -> None:
        self._client, self._table = client, table

    def preferred_zone(self, user_id: str) -> str | None:
        """Return the time zone of the user's preferences, or None."""
        key = {"userId": {"S": user_id}, "id": {"S": PREFERENCES}}
        answer = self._client.get_item(TableName=self._table, Key=key)
        zone: str | None = answer.get("Item", {}).get("timeZone", {}).get("S")
        return zone


def zone_of_user(
    caller: Caller, zones: DynamoPreferredZones, latest: Callable[[str], str | None]
) -> str:
    """Return the zone of the preferences, the token or the latest reminder, or UTC."""
    for zone in (zones.preferred_zone(caller.user_id), caller.time_zone):
        if zone and zone in time_zone_names():
            return zone
    return latest(caller.user_id) or "UTC"
