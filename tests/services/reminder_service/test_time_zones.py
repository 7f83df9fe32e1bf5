"""The zone of a user whose request names none."""

import pytest
from reminder_service.time_zones import DynamoPreferredZones, zone_of_user
from service_runtime.identity import Caller

CALLER = Caller(user_id="user-1")


class Table:
    """As DynamoDB answers a GetItem."""

    def __init__(self, **items):
        self.items = items

    def get_item(self, TableName, Key):
        assert (TableName, Key["id"]) == ("events", {"S": "preferences"})
        item = self.items.get(Key["userId"]["S"])
        return {"Item": {**Key, **item}} if item else {}


@pytest.mark.parametrize(
    ("item", "zone"),
    [
        (None, None),
        ({"timeZone": {"S": "Europe/Berlin"}}, "Europe/Berlin"),
        ({"timeZone": {"NULL": True}}, None),
        ({"version": {"N": "1"}}, None),
    ],
)
def test_preferences_are_read(item, zone):
    table = Table(**{"user-1": item})
    assert DynamoPreferredZones(table, "events").preferred_zone("user-1") == zone


@pytest.mark.parametrize(
    ("preferred", "latest", "zone"),
    [
        ("Europe/Berlin", "Asia/Tokyo", "Europe/Berlin"),
        ("Mars/Base", "Asia/Tokyo", "Asia/Tokyo"),
        (None, "Asia/Tokyo", "Asia/Tokyo"),
        (None, None, "UTC"),
    ],
)
def test_first_known_zone_counts(zones, preferred, latest, zone):
    zones.by_user["user-1"] = preferred
    assert zone_of_user(CALLER, zones, lambda user_id: latest) == zone


@pytest.mark.parametrize("path", ["/reminders", "/reminders/bulk"])
def test_series_without_zone_follows_user(api, body, zones, path):
    zones.by_user["user-1"] = "Europe/Berlin"
    series = {**body, "rule": "FREQ=DAILY"}
    answer = api.post(path, json=series if path == "/reminders" else {"reminders": [series]}).json()
    made = answer if path == "/reminders" else answer["results"][0]["reminder"]
    assert (made["timeZone"], made["nextDate"]) == ("Europe/Berlin", "2030-01-02T09:00:00Z")


def test_named_zone_wins(api, body, zones):
    zones.by_user["user-1"] = "Europe/Berlin"
    made = api.post("/reminders", json={**body, "rule": "FREQ=DAILY", "timeZone": "UTC"}).json()
    assert made["timeZone"] == "UTC"
