import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]
import pytest
from event_messages.contract import (
    COMMANDS,
    DATA,
    DueNotification,
    PendingNotification,
    Reminder,
    ReminderUpdated,
    data_of,
)
from event_messages.errors import MalformedEvent, Refused, UnknownEvent
from event_messages.event import Event
from event_messages.schemas import schemas, write

DOCUMENTED = Path(__file__).parents[3] / "docs" / "events"
IDENTIFIER = UUID("0190b3d2-7c00-7000-8000-000000000001")
NINE = datetime(2030, 1, 1, 9, tzinfo=UTC)

REMINDER = {
    "id": str(IDENTIFIER),
    "version": 1,
    "userId": "u1",
    "date": "2030-01-01T09:00:00Z",
    "message": "m",
}
PENDING = {
    "id": str(IDENTIFIER),
    "version": 1,
    "userId": "u1",
    "deliverAt": "2030-01-01T08:50:00Z",
    "occurrence": "2030-01-01T09:00:00Z",
    "message": "m",
}
OUTCOME = {
    "notificationId": str(IDENTIFIER),
    "occurrenceId": str(IDENTIFIER),
    "channel": "push",
    "target": "device-1",
    "settledAt": "2030-01-01T09:00:00Z",
}
DUE = {
    **{name: OUTCOME[name] for name in ("notificationId", "occurrenceId", "channel")},
    **{name: PENDING[name] for name in ("occurrence", "deliverAt", "message")},
}
EXAMPLES: dict[str, dict[str, Any]] = {
    "reminder:created": REMINDER,
    "reminder:updated": {**REMINDER, "change": "snoozed", "until": "2030-01-01T10:00:00Z"},
    "reminder:deleted": {"id": str(IDENTIFIER), "version": 2, "userId": "u1"},
    "notification:create": PENDING,
    "notification:update": PENDING,
    "notification:delete": {"id": str(IDENTIFIER), "version": 2},
    "notification:created": PENDING,
    "notification:updated": PENDING,
    "notification:deleted": {"id": str(IDENTIFIER), "version": 2},
    "notification:send": DUE,
    "notification:delivered": OUTCOME,
    "notification:failed": {**OUTCOME, "reason": "UNREGISTERED"},
    "device:registered": {"deviceId": str(IDENTIFIER)},
    "device:removed": {"deviceId": str(IDENTIFIER)},
    "preferences:updated": {"userId": "u1", "timeZone": "Europe/Paris", "version": 3},
}


def schema_of(event_type: str) -> Any:
    return json.loads(schemas()[f"{event_type.replace(':', '-')}.schema.json"])


def test_every_type_has_an_example() -> None:
    assert EXAMPLES.keys() == DATA.keys()


@pytest.mark.parametrize("event_type", DATA)
def test_data_follows_its_schema_both_ways(event_type: str) -> None:
    event = Event.new(event_type, "u1", EXAMPLES[event_type])
    data = data_of(event)
    again = Event.new(event_type, "u1", data)
    for text in (event.to_json(), again.to_json()):
        jsonschema.validate(json.loads(text), schema_of(event_type))
    assert data_of(again) == data


def surprising(event_type: str) -> Event:
    return Event.new(event_type, "u1", {**EXAMPLES[event_type], "surprise": 1})


@pytest.mark.parametrize("event_type", sorted(COMMANDS))
def test_unknown_member_of_command_is_refused(event_type: str) -> None:
    with pytest.raises(MalformedEvent, match=f"{event_type} has bad data: surprise"):
        data_of(surprising(event_type))
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.validate(json.loads(surprising(event_type).to_json()), schema_of(event_type))


@pytest.mark.parametrize("event_type", sorted(DATA.keys() - COMMANDS))
def test_unknown_member_of_event_is_ignored(event_type: str) -> None:
    event = surprising(event_type)
    assert data_of(event) == data_of(Event.new(event_type, "u1", EXAMPLES[event_type]))
    jsonschema.validate(json.loads(event.to_json()), schema_of(event_type))


def test_only_updates_with_occasions_have_them() -> None:
    snoozed = {"change": "snoozed", "until": "2030-01-01T10:00:00Z"}
    told = Event.new("reminder:updated", "u1", ReminderUpdated(**REMINDER, **snoozed)).data
    assert {name: told[name] for name in snoozed} == snoozed
    edited = Event.new("reminder:updated", "u1", ReminderUpdated(**REMINDER)).data
    assert told.keys() - edited.keys() == snoozed.keys()


def test_unknown_type_is_refused() -> None:
    with pytest.raises(UnknownEvent, match="reminder:forgotten"):
        data_of(Event.new("reminder:forgotten", "u1", {}))


def test_a_later_schema_version_is_refused() -> None:
    event = Event.new("device:removed", "u1", EXAMPLES["device:removed"])
    with pytest.raises(Refused, match="schema version 2; this service reads up to 1"):
        data_of(event.model_copy(update={"schema_version": 2}))


def test_reminder_has_defaults_of_the_api() -> None:
    assert Reminder.model_validate(REMINDER).model_dump() == {
        "id": IDENTIFIER,
        "version": 1,
        "user_id": "u1",
        "email": None,
        "date": NINE,
        "is_recurring": False,
        "rule": None,
        "time_zone": "UTC",
        "except_dates": [],
        "notify_offset": 0,
        "channel": "push",
        "message": "m",
        "url": None,
        "urgent": False,
        "handled_through": None,
        "completed": False,
    }


def test_optional_members_are_left_out() -> None:
    optional = {"timeZone", "explicitTime", "missed", "scheduledFrom", "lastOccurrence"}
    plain = Event.new("notification:create", "u1", PendingNotification.model_validate(PENDING))
    assert not optional & plain.data.keys()
    chosen = {"timeZone": "Europe/Paris", "explicitTime": True, "missed": 2}
    named = PendingNotification.model_validate({**PENDING, **chosen})
    told = Event.new("notification:create", "u1", named).data
    assert {name: told[name] for name in chosen} == chosen
    assert DueNotification.of(named).missed == 2


def test_occurrence_id_survives_moved_time() -> None:
    pending = PendingNotification.model_validate({**PENDING, "timeZone": "Europe/Paris"})
    moved = pending.model_copy(update={"deliver_at": NINE, "version": 2})
    assert DueNotification.of(pending).occurrence_id == DueNotification.of(moved).occurrence_id
    assert DueNotification.of(moved).model_dump(exclude={"occurrence_id"}) == {
        "notification_id": IDENTIFIER,
        "reminder_id": None,
        "occurrence": NINE,
        "deliver_at": NINE,
        "channel": "push",
        "message": "m",
        "url": None,
        "email": None,
        "urgent": False,
        "time_zone": "Europe/Paris",
    }


def test_documented_schemas_match_the_models() -> None:
    documented = {path.name: path.read_text() for path in DOCUMENTED.glob("*.schema.json")}
    assert documented == schemas(), "run python -m event_messages.schemas docs/events"


def test_writing_schemas_removes_stale_files(tmp_path: Path) -> None:
    (tmp_path / "reminder-forgotten.schema.json").write_text("{}")
    write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == schemas().keys()
