"""Situations that users of other products reported: what the API answers, and what rings."""

from datetime import UTC, datetime, timedelta

import pytest
from event_service.handlers import handle
from icalendar import Calendar
from notification_scheduler.due import settlement_of

from tests.services.event_service.fakes import InMemoryEventStore, InMemoryNotifications
from tests.services.notification_scheduler.examples import FIELDS, notification
from tests.services.reminder_service.calendar.conftest import FILES, TYPE
from tests.services.reminder_service.test_api import problem

VANCOUVER = {"timeZone": "America/Vancouver", "message": "Series", "rule": "FREQ=WEEKLY;BYDAY=MO"}


@pytest.fixture
def rings(store, clock):
    """When the scheduler announces what the recorded events ask for, up to a moment."""

    def until(end):
        notifications = InMemoryNotifications()
        for event in store.events:
            handle(event, notifications, InMemoryEventStore())
        return sorted(
            moment
            for row in notifications._rows.values()
            if row.state == "pending"
            for moment in _announcements(row, end)
        )

    return until


def _announcements(row, end):
    due = notification(row.deliver_at)._replace(**{name: getattr(row, name) for name in FIELDS})
    due = due._replace(except_dates=list(row.except_dates))
    while due.deliver_at <= end:
        yield due.deliver_at.isoformat().replace("+00:00", "Z")
        settled = settlement_of(due)
        if settled.deliver_at is None:
            return
        due = due._replace(occurrence=settled.occurrence, deliver_at=settled.deliver_at)


@pytest.fixture
def in_2026(clock):
    clock.now = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.usefixtures("in_2026")
@pytest.mark.parametrize("date", ["2027-01-11T17:00:00-07:00", "2027-01-11T17:00:00"])
def test_british_columbia_keeps_its_summer_time(api, date):
    made = api.post("/reminders", json={**VANCOUVER, "date": date}).json()
    assert (made["nextDate"], made["nextDates"][1]) == (
        "2027-01-12T00:00:00Z",
        "2027-01-19T00:00:00Z",
    )
    exported = api.get("/reminders/calendar.ics").text
    assert "DTSTART;TZID=America/Vancouver:20270111T170000\r\n" in exported
    assert last_change(exported) == "20260308T020000"


def last_change(calendar):
    """The local time from which the zone of a calendar keeps its offset for ever."""
    [zone] = Calendar.from_ical(calendar).walk("VTIMEZONE")
    changes = [part for part in zone.subcomponents if "RRULE" in part or _moves_clocks(part)]
    assert not any("RRULE" in part for part in changes)
    lists = [part["RDATE"] for part in changes]
    dates = [one.dt for found in lists for each in _listed(found) for one in each.dts]
    return f"{max(dates):%Y%m%dT%H%M%S}"


def _moves_clocks(part):
    return part["TZOFFSETFROM"].td != part["TZOFFSETTO"].td


def _listed(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.usefixtures("in_2026")
def test_british_columbia_is_imported(api):
    content = (FILES / "british-columbia.ics").read_bytes()
    answer = api.post("/reminders/import", content=content, headers=TYPE).json()
    [result] = answer["results"]
    assert (result["reminder"]["date"], result["reminder"]["rule"]) == (
        "2027-01-12T00:00:00Z",
        "FREQ=WEEKLY;BYDAY=MO",
    )


def test_local_times_belong_to_named_zone(api, body):
    series = {"rule": "FREQ=DAILY", "timeZone": "Europe/Berlin"}
    dates = {"date": "2030-03-30T02:30:00", "exceptDates": ["2030-04-01T02:30:00"]}
    made = api.post("/reminders", json={**body, **series, **dates}).json()
    assert made["nextDates"] == [
        "2030-03-30T01:30:00Z",
        "2030-03-31T01:30:00Z",  # clocks go forward over 02:30
        "2030-04-02T00:30:00Z",
    ]
    path = f"/reminders/{made['id']}"
    moved = {"date": "2030-05-01T09:00:00", "timeZone": "Asia/Tokyo"}
    assert api.patch(path, json=moved).json()["date"] == "2030-05-01T00:00:00Z"
    refused = api.patch(path, json={"date": "2030-05-01T09:00:00"})
    assert problem(refused) == (422, "VALIDATION")
    assert "needs timeZone" in refused.json()["detail"]


def test_past_alarm_rings_at_date(api, body, clock, rings):
    date = clock.now + timedelta(minutes=10)
    late = {**body, "date": date.isoformat(), "notifyOffset": 30}
    answer = api.post("/reminders", json=late)
    assert (answer.status_code, answer.json()["notifyOffset"]) == (201, 0)
    assert rings(date + timedelta(days=1)) == ["2030-01-01T12:10:00Z"]


def test_past_calendar_alarm_rings_at_start(api, rings, clock):
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "SUMMARY:Tea", "DTSTART:20300101T121000Z"]
    alarm = ["BEGIN:VALARM", "TRIGGER:-PT30M", "END:VALARM"]
    content = "\r\n".join([*lines, *alarm, "END:VEVENT", "END:VCALENDAR", ""])
    [result] = api.post("/reminders/import", content=content, headers=TYPE).json()["results"]
    assert [note["code"] for note in result["notes"]] == ["ALARM_PAST"]
    assert rings(clock.now + timedelta(days=1)) == ["2030-01-01T12:10:00Z"]


@pytest.fixture
def snoozed(api, body, clock):
    """Makes a series of 2 January, 9:00, and snoozes its first occurrence at 9:01."""

    def make(rule, minutes):
        made = api.post("/reminders", json={**body, "rule": rule}).json()
        clock.now = datetime(2030, 1, 2, 9, 1, tzinfo=UTC)
        path = f"/reminders/{made['id']}"
        assert api.post(f"{path}/snooze", json={"minutes": minutes}).status_code == 200
        return path

    return make


def test_moved_series_forgets_old_snooze(api, snoozed, rings, clock):
    path = snoozed("FREQ=WEEKLY", 60)
    clock.advance(minutes=1)
    assert api.patch(path, json={"date": "2030-01-03T09:00:00Z"}).status_code == 200
    assert rings(datetime(2030, 1, 12, tzinfo=UTC)) == [
        "2030-01-03T09:00:00Z",
        "2030-01-10T09:00:00Z",
    ]


def test_completed_series_forgets_its_snooze(api, snoozed, rings):
    path = snoozed("FREQ=DAILY", 5)
    assert api.post(f"{path}/complete").status_code == 200
    assert rings(datetime(2030, 2, 1, tzinfo=UTC)) == []


def test_snoozed_series_goes_on(api, snoozed, rings, clock):
    path = snoozed("FREQ=MINUTELY;INTERVAL=15", 60)
    clock.now = datetime(2030, 1, 2, 9, 16, tzinfo=UTC)
    assert rings(datetime(2030, 1, 2, 10, 15, tzinfo=UTC)) == [
        "2030-01-02T09:15:00Z",
        "2030-01-02T09:30:00Z",
        "2030-01-02T09:45:00Z",
        "2030-01-02T10:00:00Z",
        "2030-01-02T10:01:00Z",  # the snoozed one
        "2030-01-02T10:15:00Z",
    ]
    # Acknowledging a later occurrence ends the snooze of an earlier one, as the docs say.
    api.post(f"{path}/acknowledge", json={"occurrence": "2030-01-02T09:15:00Z"})
    assert "2030-01-02T10:01:00Z" not in rings(datetime(2030, 1, 2, 10, 15, tzinfo=UTC))


def test_import_counts_in_rate_limit(api, clock):
    events = [
        f"BEGIN:VEVENT\r\nUID:{number}\r\nSUMMARY:Tea\r\nDTSTART:20300105T09{number:02}00Z\r\n"
        "END:VEVENT\r\n"
        for number in range(5)
    ]
    content = f"BEGIN:VCALENDAR\r\n{''.join(events)}END:VCALENDAR\r\n"
    headers = {**TYPE, "idempotency-key": "one"}

    def left():
        return int(api.get("/reminders").headers["ratelimit-remaining"])

    before = left()
    assert api.post("/reminders/import", content=content, headers=headers).json()["created"] == 5
    assert before - left() == 5 + 1
    assert api.post("/reminders/import", content=content, headers=headers).json()["created"] == 5
    assert api.post("/reminders/import", content=content, headers=TYPE).json()["unchanged"] == 5
    assert before - left() == 5 + 1 + 2 + 1
