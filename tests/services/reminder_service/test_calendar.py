"""iCalendar out and in: what goes out comes back, and hostile components are refused alone."""

from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Timezone
from reminder_service import calendar_api
from reminder_service.calendar_api import _body
from reminder_service.calendar_export import calendar_of
from reminder_service.calendar_import import components_of
from reminder_service.reminders import new_reminder
from service_runtime.problems import Problem

from tests.services.reminder_service.test_api import problem
from tests.services.reminder_service.test_reminders import CALLER, LATER, NOW

HEADERS = {"content-type": "text/calendar; charset=utf-8"}
START = "DTSTART:20300105T090000Z"


def calendar(*components):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *components, "END:VCALENDAR"]
    return "\r\n".join([*lines, ""])


def event(*lines, kind="VEVENT", summary="SUMMARY:Tea"):
    return "\r\n".join([f"BEGIN:{kind}", summary, *lines, f"END:{kind}"])


def alarm(*lines):
    return "\r\n".join(["BEGIN:VALARM", *lines, "END:VALARM"])


def imported(api, *components, headers=HEADERS):
    return api.post("/reminders/import", content=calendar(*components), headers=headers)


@pytest.fixture
def outcome(api):
    """What becomes of one component."""

    def take(*lines, **options):
        [result] = imported(api, event(*lines, **options)).json()["results"]
        return result

    return take


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


def test_an_event_says_all_of_a_reminder(api):
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


def test_lines_are_as_long_as_allowed_and_a_rule_begins_with_its_frequency(api):
    message = "a" + "é🌱" * 90
    api.post("/reminders", json={**RICH, "message": message, "rule": "COUNT=9;FREQ=DAILY"})
    content = api.get("/reminders/calendar.ics").content
    assert Calendar.from_ical(content).walk("VEVENT")[0]["SUMMARY"] == message
    lines = content.split(b"\r\n")
    assert b"RRULE:FREQ=DAILY;COUNT=9" in lines
    assert max(map(len, lines)) <= 75
    assert lines[-1] == b""


def test_a_zone_is_described_once_whoever_asks(api, other, monkeypatch):
    described, describe = [], Timezone.from_tzid
    monkeypatch.setattr(
        Timezone, "from_tzid", lambda zone: described.append(zone) or describe(zone)
    )
    body = {**RICH, "timeZone": "Antarctica/Troll"}
    for headers in ({}, other):
        for _ in range(2):
            api.post("/reminders", json=body, headers={**other, **headers})
            answer = api.get("/reminders/calendar.ics", headers={**other, **headers})
            assert answer.text.count("BEGIN:VTIMEZONE") == 1
    assert described == ["Antarctica/Troll"]


def test_a_long_calendar_is_read_and_sent_in_batches(api, body, store, monkeypatch):
    monkeypatch.setattr(calendar_api, "BATCH", 2)
    limits, read = [], store.open_after
    monkeypatch.setattr(store, "open_after", lambda *asked: limits.append(asked[2]) or read(*asked))
    messages = [str(number) for number in range(5)]
    for message in messages:
        api.post("/reminders", json={**body, "message": message})
    events = Calendar.from_ical(api.get("/reminders/calendar.ics").content).walk("VEVENT")
    assert sorted(found["SUMMARY"] for found in events) == messages
    assert limits == [2, 2, 2, 2]


@pytest.mark.parametrize("changes", [{}, {"rule": "FREQ=DAILY;COUNT=9", "timeZone": "UTC"}])
def test_what_goes_out_comes_back(api, changes):
    first = api.post("/reminders", json={**RICH, **changes}).json()
    content = api.get("/reminders/calendar.ics").content
    answer = api.post("/reminders/import", content=content, headers=HEADERS).json()
    [result] = answer["results"]
    again = {name: result["reminder"][name] for name in (*RICH, "isRecurring")}
    assert again == {name: first[name] for name in again}


@pytest.mark.parametrize(
    "changes",
    [
        {"message": r"C:\New and \n, \\N;  two  blanks "},
        {"date": "2030-10-27T01:30:00Z", "timeZone": "Europe/Berlin"},  # the second 02:30
    ],
)
def test_text_and_moment_come_back_as_they_were(api, body, changes):
    first = api.post("/reminders", json={**body, **changes}).json()
    content = api.get("/reminders/calendar.ics").content
    [result] = api.post("/reminders/import", content=content, headers=HEADERS).json()["results"]
    again = {name: result["reminder"][name] for name in ("message", "date")}
    assert again == {name: first[name] for name in again}


OWN_ZONE = [
    "BEGIN:VTIMEZONE",
    "TZID:W. Europe Standard Time",
    "BEGIN:STANDARD",
    "DTSTART:16010101T030000",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
]


def test_a_zone_counts_by_its_name_whatever_a_file_says_of_it(api):
    start = event("DTSTART;TZID=W. Europe Standard Time:20300105T090000")
    for components in ([*OWN_ZONE, start], [start]):
        [result] = imported(api, *components).json()["results"]
        assert result["reminder"]["timeZone"] == "Europe/Berlin"


def test_what_a_file_says_of_a_zone_is_not_remembered(api):
    folded = [line.replace("VTIMEZONE", "VTIME\r\n ZONE") for line in OWN_ZONE]
    assert imported(api, *folded, event(START)).json()["created"] == 1
    start = event("DTSTART;TZID=W. Europe Standard Time:20300105T090000")
    assert imported(api, start).json()["results"][0]["reminder"]["timeZone"] == "Europe/Berlin"


@pytest.mark.parametrize("name", ["Europe", "Europe/", "a" * 300, "a/" * 300, "../etc/passwd"])
def test_a_name_of_no_zone_spoils_its_event_alone(api, name):
    odd = event(f"DTSTART;TZID={name}:20300105T090000")
    results = imported(api, odd, event(START)).json()["results"]
    assert [result["status"] for result in results] == [422, 201]
    assert "IANA time zone" in results[0]["problem"]["detail"]


def test_a_byte_order_mark_is_no_text(api):
    content = "\ufeff" + calendar(event(START))
    answer = api.post("/reminders/import", content=content, headers=HEADERS)
    assert answer.json()["created"] == 1


def test_a_plain_date_is_not_a_series(api, body):
    api.post("/reminders", json=body)
    content = api.get("/reminders/calendar.ics").content
    [result] = api.post("/reminders/import", content=content, headers=HEADERS).json()["results"]
    assert (result["reminder"]["isRecurring"], result["reminder"]["date"]) == (False, body["date"])


def test_only_open_reminders_of_the_caller_go_out(api, body, other):
    for message in ("Mine", "Done"):
        id = api.post("/reminders", json={**body, "message": message}).json()["id"]
    api.post(f"/reminders/{id}/complete")
    assert "Mine" in (mine := api.get("/reminders/calendar.ics").text)
    assert "Done" not in mine
    assert "VEVENT" not in api.get("/reminders/calendar.ics", headers=other).text


@pytest.mark.parametrize("before", ["TRIGGER:-PT30M", "TRIGGER;VALUE=DATE-TIME:20300105T083000Z"])
def test_a_to_do_is_due_and_rings_before(outcome, before):
    made = outcome("DUE:20300105T090000Z", alarm("ACTION:DISPLAY", before), kind="VTODO")
    assert made["status"] == 201
    assert made["reminder"]["date"] == "2030-01-05T09:00:00Z"
    assert (made["reminder"]["notifyOffset"], made["reminder"]["notifyType"]) == (30, "push")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "DTSTART or DUE"),
        (["DTSTART;VALUE=DATE:20300105"], "with a time"),
        (["DTSTART:20301301T090000Z"], ""),
        ([START, START], "one date"),
        (["DTSTART;TZID=Mars/Base:20300105T090000"], "IANA time zone"),
        (["DTSTART;TZID=posix/Europe/Paris:20300105T090000"], "IANA time zone"),
        ([START, "RRULE:FREQ=SECONDLY"], "Expected FREQ"),
        ([START, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"], "one RRULE"),
        ([START, "RDATE:20300106T090000Z"], "RDATE"),
        ([START, "RECURRENCE-ID:20300106T090000Z"], "RECURRENCE-ID"),
        ([START, "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20300106"], "EXDATE"),
        ([START, "URL:javascript:alert(1)"], "http"),
        ([START, "URL:http://169.254.169.254/latest"], "public host"),
        ([START, alarm("ACTION:DISPLAY", "TRIGGER:PT5M")], "after the start"),
        ([START, alarm("ACTION:DISPLAY")], "TRIGGER"),
        ([START, alarm("ACTION:DISPLAY", "TRIGGER:-P9999D")], "notifyOffset"),
        ([START, alarm("TRIGGER:soon")], "TRIGGER cannot be read"),
        ([START, alarm("TRIGGER:-PT5M", "ACTION:EMAIL", "ACTION:DISPLAY")], "one ACTION, came 2"),
        ([START, "SUMMARY:Coffee"], "one SUMMARY, came 2"),
        ([START, "URL:https://example.com", "URL:https://example.org"], "one URL, came 2"),
        ([START, "STATUS:CANCELLED"], "CANCELLED"),
        (["DTSTART:20290105T090000Z"], "more than one minute ahead"),
    ],
)
def test_what_cannot_be_a_reminder_is_refused_with_the_reason(outcome, lines, reason):
    result = outcome(*lines)
    assert (result["status"], result["reminder"]) == (422, None)
    assert reason in result["problem"]["detail"]


def test_the_name_of_an_action_may_be_small(outcome):
    made = outcome(START, alarm("ACTION:email", "TRIGGER:-PT5M"))["reminder"]
    assert (made["notifyType"], made["notifyOffset"]) == ("email", 5)


def test_text_has_no_control_characters_and_a_length(outcome):
    assert outcome(START, summary="SUMMARY:a\\nb")["reminder"]["message"] == "a b"
    assert outcome(START, summary="SUMMARY:a\x1bb")["status"] == 422
    assert outcome(START, summary="SUMMARY:")["status"] == 422
    assert outcome(START, summary="SUMMARY:" + "x" * 1001)["status"] == 422


def test_each_component_stands_by_itself_and_others_are_passed_over(api, store):
    todo, broken = event(START, kind="VTODO"), event("DUE:x", kind="VTODO")
    journal = event("DTSTART:x", kind="VJOURNAL")
    answer = imported(api, event(), journal, todo, event("DTSTART:x"), broken)
    results = answer.json()["results"]
    assert (answer.json()["created"], answer.json()["refused"]) == (1, 3)
    assert [result["status"] for result in results] == [422, 201, 422, 422]
    assert [UUID(event.data["id"]) for event in store.events] == [
        UUID(results[1]["reminder"]["id"])
    ]


def test_a_repeated_key_imports_once(api, store):
    headers = {**HEADERS, "Idempotency-Key": "k"}
    first = imported(api, event(START), headers=headers)
    assert imported(api, event(START), headers=headers).content == first.content
    assert len(store.events) == 1


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_another_content_type_is_refused(api, content_type):
    headers = {"content-type": content_type}
    answer = api.post("/reminders/import", content=b'"x"', headers=headers)
    assert problem(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "content",
    [
        "hello",
        calendar(),
        "BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        "BEGIN:VCALENDAR\r\n" * 2_000,
        calendar(*[event(START)] * 1_001),
    ],
)
def test_what_is_no_calendar_is_refused_as_a_whole(api, store, content):
    answer = api.post("/reminders/import", content=content, headers=HEADERS)
    assert problem(answer) == (422, "INVALID_CALENDAR")
    assert store.events == []


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (
            calendar(*["BEGIN:VEVENT\r\nEND:VEVENT", "begin:vtodo \nend:vtodo"] * 501),
            "Expected 1 to 1000 events and to-dos, came 1002.",
        ),
        (
            calendar(event(START, *["X:1"] * 50_000)),
            "Expected at most 50000 lines, came 50008.",
        ),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_read(api, monkeypatch, content, detail):
    monkeypatch.setattr(Calendar, "from_ical", lambda *text, **options: pytest.fail("was read"))
    answer = api.post("/reminders/import", content=content, headers=HEADERS)
    assert problem(answer) == (422, "INVALID_CALENDAR")
    assert answer.json()["detail"] == detail


def test_a_thousand_events_are_read_whatever_their_texts_say():
    text = "DESCRIPTION:first\r\n BEGIN:VEVENT"  # goes on after a fold
    content = calendar(*[event(START, text)] * 1_000)
    assert len(components_of(content.encode())) == 1_000


def test_a_megabyte_is_the_limit(api):
    large = calendar(event(START, "X-PAD:" + "x" * 1024 * 1024))
    answer = api.post("/reminders/import", content=large, headers=HEADERS)
    assert problem(answer) == (413, "BODY_TOO_LARGE")


names = st.sampled_from(
    ["DTSTART", "DUE", "RRULE", "EXDATE", "URL", "PRIORITY", "BEGIN", "END", "TRIGGER", "TZID"]
)
values = st.one_of(
    st.sampled_from(["20300105T090000Z", "VALARM", "VEVENT", "-PT5M", "FREQ=DAILY", "5"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)


@given(st.lists(st.tuples(names, st.sampled_from([":", ";VALUE=DATE:", ";TZID=UTC:"]), values)))
def test_any_component_is_taken_or_refused(lines):
    content = calendar(event(*("".join(line) for line in lines))).encode()
    with suppress(Problem):
        for component in components_of(content):
            taken = _body(component)
            assert isinstance(taken, Problem) or taken["date"]


messages = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)


@given(message=messages)
def test_every_text_is_read_again_as_it_was(message):
    """Whatever stands where a line is folded or a character is escaped."""
    reminder = new_reminder(UUID(int=1), {"date": LATER, "message": message}, CALLER, NOW)
    content = b"".join(calendar_of(["UTC"], [[reminder]]))
    assert max(map(len, content.split(b"\r\n"))) <= 75
    content.decode()  # no line ends within a character
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert str(event["SUMMARY"]) == message
