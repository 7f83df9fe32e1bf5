"""iCalendar out, and in again as another user."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import islice
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from dateutil.tz import tzical
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from reminder_service.calendar import export_api, zone_export
from reminder_service.calendar.export import calendar_of
from reminder_service.reminders import new_reminder

from tests.services.reminder_service.test_reminders import CALLER, LATER, NOW

HEADERS = {"content-type": "text/calendar; charset=utf-8"}


def imported_by(api, other, content):
    headers = {**other, **HEADERS}
    [result] = api.post("/reminders/import", content=content, headers=headers).json()["results"]
    return result


RICH = {
    "message": "Zoë's tea; milk, no\\sugar " + "long " * 50 + "end",
    "rule": "FREQ=WEEKLY;BYDAY=MO,WE",
    "timeZone": "Europe/Paris",
    "date": "2030-01-07T08:00:00Z",
    "exceptDates": ["2030-01-09T08:00:00Z", "2030-07-10T07:00:00Z"],
    "notifyOffset": 15,
    "notifyType": "email",
    "url": "https://example.com/tea",
    "urgent": True,
}


DAILY_IN_UTC = {
    "rule": "FREQ=DAILY;COUNT=9",
    "timeZone": "UTC",
    "exceptDates": ["2030-01-09T08:00:00Z"],
}


def test_event_contains_the_whole_reminder(api):
    made = api.post("/reminders", json=RICH).json()
    answer = api.get("/reminders/calendar.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    [found] = Calendar.from_ical(answer.text).walk("VEVENT")
    [ring] = found.walk("VALARM")
    assert found["UID"] == made["id"]
    assert found["SUMMARY"] == RICH["message"]
    assert found["DTSTART"].to_ical() == b"20300107T090000"
    assert found["DTSTART"].params["TZID"] == "Europe/Paris"
    assert found["RRULE"].to_ical() == b"FREQ=WEEKLY;BYDAY=MO,WE"
    assert found["EXDATE"].to_ical() == b"20300109T090000,20300710T090000"
    assert (ring["ACTION"], ring["TRIGGER"].to_ical()) == ("EMAIL", b"-PT15M")
    assert [zone["TZID"] for zone in Calendar.from_ical(answer.text).walk("VTIMEZONE")] == [
        "Europe/Paris"
    ]


def test_lines_are_folded_and_frequency_leads(api):
    message = "a" + "é🌱" * 90
    api.post("/reminders", json={**RICH, "message": message, "rule": "COUNT=9;FREQ=DAILY"})
    content = api.get("/reminders/calendar.ics").content
    assert Calendar.from_ical(content).walk("VEVENT")[0]["SUMMARY"] == message
    lines = content.split(b"\r\n")
    assert b"RRULE:FREQ=DAILY;COUNT=9" in lines
    assert max(map(len, lines)) <= 75
    assert lines[-1] == b""


def test_definition_is_computed_once(monkeypatch):
    computed, compute = [], zone_export._observances
    monkeypatch.setattr(
        zone_export, "_observances", lambda zone: computed.append(zone.key) or compute(zone)
    )
    zone_export.zone_definition.cache_clear()
    for _ in range(2):
        content = b"".join(calendar_of(["Antarctica/Troll"], []))
        assert content.count(b"BEGIN:VTIMEZONE") == 1
    assert computed == ["Antarctica/Troll"]


def test_long_calendar_is_streamed_in_batches(api, body, store, monkeypatch):
    monkeypatch.setattr(export_api, "BATCH", 2)
    limits, read = [], store.open_after
    monkeypatch.setattr(store, "open_after", lambda *asked: limits.append(asked[2]) or read(*asked))
    messages = [str(number) for number in range(5)]
    for message in messages:
        api.post("/reminders", json={**body, "message": message})
    events = Calendar.from_ical(api.get("/reminders/calendar.ics").content).walk("VEVENT")
    assert sorted(found["SUMMARY"] for found in events) == messages
    assert limits == [2, 2, 2, 2]


@pytest.mark.parametrize("changes", [{}, DAILY_IN_UTC])
def test_what_goes_out_comes_back(api, other, changes):
    first = api.post("/reminders", json={**RICH, **changes}).json()
    content = api.get("/reminders/calendar.ics").content
    result = imported_by(api, other, content)
    again = {name: result["reminder"][name] for name in (*RICH, "isRecurring")}
    assert again == {name: first[name] for name in again}


@pytest.mark.parametrize(
    "changes",
    [
        {"message": r"C:\New and \n, \\N;  two  blanks "},
        {"date": "2030-10-27T01:30:00Z", "timeZone": "Europe/Berlin"},  # the second 02:30
    ],
)
def test_text_and_time_survive_round_trip(api, other, body, changes):
    first = api.post("/reminders", json={**body, **changes}).json()
    content = api.get("/reminders/calendar.ics").content
    result = imported_by(api, other, content)
    again = {name: result["reminder"][name] for name in ("message", "date")}
    assert again == {name: first[name] for name in again}


def test_plain_date_is_no_series(api, other, body):
    api.post("/reminders", json=body)
    content = api.get("/reminders/calendar.ics").content
    result = imported_by(api, other, content)
    assert (result["reminder"]["isRecurring"], result["reminder"]["date"]) == (False, body["date"])


def test_only_open_reminders_are_exported(api, body, other):
    for message in ("Mine", "Done"):
        id = api.post("/reminders", json={**body, "message": message}).json()["id"]
    api.post(f"/reminders/{id}/complete")
    assert "Mine" in (mine := api.get("/reminders/calendar.ics").text)
    assert "Done" not in mine
    assert "VEVENT" not in api.get("/reminders/calendar.ics", headers=other).text


messages = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)


@given(message=messages)
def test_text_survives_round_trip(message):
    """Whatever stands where a line is folded or a character is escaped."""
    reminder = new_reminder(UUID(int=1), {"date": LATER, "message": message}, CALLER, NOW)
    content = b"".join(calendar_of(["UTC"], [[reminder]]))
    assert max(map(len, content.split(b"\r\n"))) <= 75
    content.decode()  # no line ends within a character
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert str(event["SUMMARY"]) == message


ZONES = [
    *["Europe/Berlin", "America/New_York", "America/Vancouver", "Asia/Gaza", "Africa/Casablanca"],
    *["Asia/Jerusalem", "America/Nuuk", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Kolkata"],
    *["America/Santiago", "Africa/Cairo", "Pacific/Apia", "Europe/Dublin", "America/Asuncion"],
]


@pytest.mark.parametrize("name", ZONES)
def test_definition_means_the_zone(name):
    """As dateutil reads it, which knows nothing but the definition."""
    zone, content = ZoneInfo(name), zone_export.zone_definition(name)
    read = tzical(StringIO(f"BEGIN:VCALENDAR\r\n{content.decode()}END:VCALENDAR\r\n")).get()
    moments = [datetime(1975, 1, 1, 12) + timedelta(days=11 * n) for n in range(33 * 145)]
    sampled = [moment for moment in moments if moment.year < 1980 or moment.year > 2020]
    wrong = [
        moment
        for moment in sampled[::7]
        if moment.replace(tzinfo=zone).utcoffset() != moment.replace(tzinfo=read).utcoffset()
    ]
    assert wrong == []


def occurrences(content, most=4):
    """As a reader sees them that knows nothing but the file: DTSTART counts, then its rule."""
    [event] = Calendar.from_ical(content).walk("VEVENT")
    start = event["DTSTART"].dt
    rule = event["RRULE"].to_ical().decode()
    read = rrulestr(rule, dtstart=start)
    found = dict.fromkeys([start, *islice(read, most)])
    return [one.astimezone(UTC).isoformat() for one in list(found)[:most]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"date": "2030-01-03T09:00:00+01:00", "rule": "FREQ=WEEKLY;BYDAY=MO;COUNT=3"},
            ["2030-01-07T08:00", "2030-01-14T08:00", "2030-01-21T08:00"],
        ),
        (
            {"date": "2030-01-03T09:00:00+01:00", "rule": "FREQ=DAILY;UNTIL=20300105"},
            ["2030-01-03T08:00", "2030-01-04T08:00", "2030-01-05T08:00"],
        ),
        (
            {"date": "2030-01-03T09:00:00+01:00", "rule": "FREQ=DAILY;UNTIL=20300104T090000"},
            ["2030-01-03T08:00", "2030-01-04T08:00"],
        ),
        (
            {"date": "2030-03-30T20:00:00+01:00", "rule": "FREQ=HOURLY;INTERVAL=8;COUNT=3"},
            ["2030-03-30T19:00", "2030-03-31T03:00", "2030-03-31T11:00"],
        ),
        (
            {"date": "2040-07-02T09:00:00+02:00", "rule": "FREQ=YEARLY;COUNT=2"},
            ["2040-07-02T07:00", "2041-07-02T07:00"],
        ),
    ],
)
def test_series_means_the_same_elsewhere(api, body, changes, expected):
    api.post("/reminders", json={**body, "timeZone": "Europe/Berlin", **changes})
    content = api.get("/reminders/calendar.ics").content
    assert occurrences(content) == [f"{moment}:00+00:00" for moment in expected]


def test_second_export_is_the_same(api, body, clock):
    api.post("/reminders", json=body)
    first = api.get("/reminders/calendar.ics").content
    clock.advance(hours=1)
    assert api.get("/reminders/calendar.ics").content == first
