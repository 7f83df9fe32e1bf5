from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from reminder_service.bodies import NewReminder, ReminderChange

BODY = {"date": "2030-01-02T09:00:00Z", "message": "Water the plants"}
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2198, 12, 31), timezones=ZONES)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(MOMENTS)
def test_date_is_same_instant_in_utc(moment):
    named = NewReminder.model_validate({**BODY, "date": moment.isoformat()}).named()
    assert named["date"] == moment
    assert named["date"].tzinfo == UTC


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date", "2030-01-02"),
        ("date", "2030-01-02T09:00:00"),
        ("date", "2030-01-02T09:00:00+0100"),
        ("date", "2030-02-30T09:00:00Z"),
        ("date", "2030-01-02T09:00:60Z"),
        ("date", "2030-W01-1T09:00:00Z"),
        ("date", "9999-12-31T23:59:59-23:59"),
        ("date", 1893574800),
        ("date", None),
        ("message", ""),
        ("message", "   "),
        ("message", "a\r\nBcc: b@example.com"),
        ("message", "a\x00b"),
        ("message", "a\u2028b"),
        ("message", "a\ud800b"),
        ("message", "a" * 1001),
        ("message", 5),
        ("notifyOffset", -1),
        ("notifyOffset", 525_601),
        ("notifyOffset", "5"),
        ("notifyOffset", 5.0),
        ("notifyOffset", True),
        ("notifyType", "sms"),
        ("isRecurring", "true"),
        ("isRecurring", 1),
        ("urgent", None),
        ("rule", "FREQ=SECONDLY"),
        ("rule", "nonsense"),
        ("rule", "FREQ=DAILY;X=\ud800"),
        ("rule", ""),
        ("timeZone", "Mars/Olympus"),
        ("timeZone", "../../etc/passwd"),
        ("timeZone", "Europe"),
        ("exceptDates", ["2030-01-02"]),
        ("exceptDates", ["2030-01-02T09:00:00Z"] * 501),
        ("url", "javascript:alert(1)"),
        ("notify_offset", 5),
        ("unknown", 5),
    ],
)
@pytest.mark.parametrize("model", [NewReminder, ReminderChange])
def test_bad_values_are_refused(model, field, value):
    with pytest.raises(ValidationError):
        model.model_validate({**BODY, field: value})


@given(st.sampled_from([*NewReminder.model_json_schema()["properties"]]), JSON)
def test_any_json_is_taken_or_refused(field, value):
    body = {**BODY, field: value}
    try:
        named = NewReminder.model_validate(body).named()
    except ValidationError:
        return
    assert set(named) >= {"date", "message"}


def test_missing_member_differs_from_null():
    assert ReminderChange.model_validate({}).named() == {}
    assert ReminderChange.model_validate({"url": None}).named() == {"url": None}


def test_rule_has_one_spelling():
    body = {**BODY, "rule": "rrule:freq=weekly;byday=mo"}
    assert NewReminder.model_validate(body).named()["rule"] == "FREQ=WEEKLY;BYDAY=MO"


def test_text_of_request_stays_stable():
    """Keyed answers of the previous version contain fingerprints of this text."""
    body = {
        "urgent": True,
        "notifyType": "email",
        "url": "https://example.com/",
        "message": 'Zoë "tea"',
        "exceptDates": ["2030-01-03T09:00:00.5+01:00", "2030-01-05T09:00:00"],
        "date": "2030-01-02T09:00:00Z",
        "timeZone": "Europe/Paris",
        "rule": "FREQ=DAILY",
        "isRecurring": True,
        "notifyOffset": 5,
    }
    assert NewReminder.model_validate(body).canonical_text() == (
        '{"date":"2030-01-02T09:00:00Z","message":"Zoë \\"tea\\"","is_recurring":true,'
        '"rule":"FREQ=DAILY","time_zone":"Europe/Paris",'
        '"except_dates":["2030-01-03T09:00:00.500000+01:00","2030-01-05T09:00:00"],'
        '"notify_offset":5,"notify_type":"email","url":"https://example.com/","urgent":true}'
    )
