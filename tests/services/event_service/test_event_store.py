"""The event store, in memory and in DynamoDB."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from botocore.exceptions import ClientError
from event_messages.contract import PreferencesUpdated
from event_messages.event import Event
from event_service.event_store import DynamoEventStore

from tests.services.event_service.conftest import TABLE
from tests.services.event_table import make_event_table

OCCURRED = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
RECORDED = datetime(2030, 1, 1, 12, 0, 1, tzinfo=UTC)


def append_twice(store, event: Event) -> None:
    store.append(event)
    store.append(event)


def test_event_is_kept_for_ninety_days(make_store):
    store = make_store(lambda: RECORDED)
    event = Event.new("reminder:created", "ada", {"id": "r-1", "half": 0.5, "no": None}, OCCURRED)
    store.append(event)
    assert store.items == [
        {
            "userId": "ada",
            "id": str(event.id),
            "type": "reminder:created",
            "occurredAt": "2030-01-01T12:00:00.123456Z",
            "schemaVersion": 1,
            "data": {"id": "r-1", "half": Decimal("0.5"), "no": None},
            "reminderId": "r-1",
            "recordedAt": "2030-01-01T12:00:01.000000+00:00",
            "expiresAt": int((OCCURRED + timedelta(days=90)).timestamp()),
        }
    ]


def test_a_repeat_changes_nothing(make_store):
    times = iter([RECORDED, RECORDED + timedelta(hours=1)])
    store = make_store(lambda: next(times))
    append_twice(store, Event.new("device:registered", "ada", {"deviceId": "d"}, OCCURRED))
    [item] = store.items
    assert item["recordedAt"] == "2030-01-01T12:00:01.000000+00:00"
    assert "reminderId" not in item


def test_simultaneous_events_are_kept_in_order(make_store):
    store = make_store(lambda: RECORDED)
    events = [Event.new("reminder:created", "ada", {"id": str(n)}, OCCURRED) for n in range(20)]
    for event in reversed(events):
        store.append(event)
    assert [item["id"] for item in store.items] == [str(event.id) for event in events]


@pytest.mark.integration
def test_latest_preferences_never_expire(aws):
    make_event_table(aws("dynamodb"), TABLE)
    store = DynamoEventStore(aws("dynamodb"), TABLE)
    for version, zone in ((2, "Europe/Paris"), (1, "Asia/Tokyo"), (3, None)):
        store.keep_preferences(PreferencesUpdated(user_id="ada", time_zone=zone, version=version))
    assert aws("dynamodb").scan(TableName=TABLE)["Items"] == [
        {
            "userId": {"S": "ada"},
            "id": {"S": "preferences"},
            "timeZone": {"NULL": True},
            "version": {"N": "3"},
        }
    ]
    aws("dynamodb").delete_table(TableName=TABLE)


@pytest.mark.integration
def test_ping_detects_missing_table_without_writing(aws):
    make_event_table(aws("dynamodb"), TABLE)
    store = DynamoEventStore(aws("dynamodb"), TABLE)
    store.ping()
    assert aws("dynamodb").scan(TableName=TABLE)["Items"] == []
    aws("dynamodb").delete_table(TableName=TABLE)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        store.ping()
