import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from event_messages.errors import MalformedEvent
from event_messages.event import Event
from event_messages.identifiers import occurrence_id, uuid7
from hypothesis import given
from hypothesis import strategies as st

NOTIFICATION = UUID("0190b3d2-7c00-7000-8000-000000000001")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def text_of(**changes: object) -> str:
    envelope = {
        "id": "0190b3d2-7c00-7000-8000-000000000001",
        "type": "reminder:created",
        "userId": "u1",
        "occurredAt": "2030-01-01T09:00:00+02:00",
        "schemaVersion": 1,
        "data": {},
    }
    return json.dumps({**envelope, **changes})


def test_envelope_is_camel_case_in_utc() -> None:
    two_east = timezone(timedelta(hours=2))
    event = Event.new(
        "reminder:deleted", "u1", {"version": 2}, datetime(2030, 1, 1, 9, 0, 0, 5, two_east)
    )
    assert json.loads(event.to_json()) == {
        "id": str(event.id),
        "type": "reminder:deleted",
        "userId": "u1",
        "occurredAt": "2030-01-01T07:00:00.000005Z",
        "schemaVersion": 1,
        "data": {"version": 2},
    }


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_any_data_survives_the_queue(data: dict[str, object]) -> None:
    event = Event.new("reminder:created", "u1", data)
    text = event.to_json()
    assert Event.from_json(text) == event
    # what SQS accepts: tab, line ends and XML 1.0 characters
    assert re.fullmatch("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Invalid JSON"),
        ("[" * 100_000, "Invalid JSON"),
        ("null", "body"),
        (text_of(type="reminder"), "type"),
        (text_of(userId=""), "userId"),
        (text_of(userId="a\nb"), "userId"),
        (text_of(occurredAt="2030-01-01T09:00:00"), "occurredAt"),
        (text_of(schemaVersion=0), "schemaVersion"),
        (text_of(surprise=1), "surprise"),
        (text_of(id="1"), "id"),
    ],
)
def test_malformed_event_is_refused_with_path(text: str, reason: str) -> None:
    with pytest.raises(MalformedEvent, match=reason):
        Event.from_json(text)


def test_refusal_does_not_repeat_value() -> None:
    with pytest.raises(MalformedEvent) as caught:
        Event.from_json(text_of(schemaVersion="secret-value"))
    assert "secret-value" not in str(caught.value)


def test_ids_are_uuid7_with_creation_time() -> None:
    before = datetime.now(UTC)
    identifier = uuid7()
    made = datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
    assert identifier.version == 7
    assert identifier.variant == "specified in RFC 4122"
    assert timedelta(milliseconds=-1) <= made - before < timedelta(seconds=5)


def test_ids_are_ordered_across_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: [uuid7() for _ in range(500)], range(8)))
    assert all(each == sorted(each) for each in made)
    assert len({identifier for each in made for identifier in each}) == 4000


def test_occurrence_id_is_independent_of_zone() -> None:
    nine = datetime(2030, 1, 1, 9, tzinfo=UTC)
    there = nine.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert occurrence_id(NOTIFICATION, nine) == occurrence_id(NOTIFICATION, there)
    assert occurrence_id(NOTIFICATION, nine) == UUID("0ac38df5-0d14-5294-82ea-72b17a20d908")
    assert occurrence_id(NOTIFICATION, nine) != occurrence_id(
        NOTIFICATION, nine + timedelta(microseconds=1)
    )
