"""Import component by component: what is taken, changed, noted and refused."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reminder_service.calendar.components import read_calendars
from reminder_service.calendar.content_lines import read_lines
from reminder_service.calendar.skipped import Skipped

from tests.services.reminder_service.calendar.conftest import TYPE
from tests.services.reminder_service.calendar.test_import_files import notes, skipped, taken
from tests.services.reminder_service.test_api import problem

START = "DTSTART:20300105T090000Z"
MANY_DATES = "EXDATE:" + ",".join(f"20310101T{n // 60:02}{n % 60:02}00Z" for n in range(600))


def calendar(*components):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *components, "END:VCALENDAR"]
    return "\r\n".join([*lines, ""])


def event(*lines, kind="VEVENT", summary="SUMMARY:Tea"):
    return "\r\n".join([f"BEGIN:{kind}", summary, *lines, f"END:{kind}"])


def alarm(*lines):
    return "\r\n".join(["BEGIN:VALARM", *lines, "END:VALARM"])


@pytest.fixture
def results(import_content):
    def take(*components):
        return import_content(calendar(*components))["results"]

    return take


@pytest.fixture
def outcome(results):
    """What becomes of one component."""

    def take(*lines, **options):
        [result] = results(event(*lines, **options))
        return result

    return take


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], "MISSING_DATE"),
        (["DTSTART:20301301T090000Z"], "UNREADABLE_PROPERTY"),
        (["DTSTART:PT5M"], "UNREADABLE_PROPERTY"),
        ([START, START], "UNREADABLE_PROPERTY"),
        (["DTSTART;TZID=Mars/Base:20300105T090000"], "UNKNOWN_TIME_ZONE"),
        (["DTSTART;TZID=posix/Europe/Paris:20300105T090000"], "UNKNOWN_TIME_ZONE"),
        (["DTSTART;TZID=Europe:20300105T090000"], "UNKNOWN_TIME_ZONE"),
        ([f"DTSTART;TZID={'a/' * 300}:20300105T090000"], "UNKNOWN_TIME_ZONE"),
        (["DTSTART;TZID=../etc/passwd:20300105T090000"], "UNKNOWN_TIME_ZONE"),
        ([START, "RRULE:FREQ=SECONDLY"], "INVALID_RULE"),
        ([START, "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"], "UNREADABLE_PROPERTY"),
        ([START, "RDATE:20300106T090000Z"], "UNSUPPORTED_PROPERTY"),
        ([START, "RECURRENCE-ID:soon"], "UNREADABLE_PROPERTY"),
        ([START, "RRULE:FREQ=DAILY", "EXDATE:soon"], "UNREADABLE_PROPERTY"),
        ([START, "RRULE:FREQ=DAILY", MANY_DATES], "TOO_MANY_EXCEPTIONS"),
        (
            [START, "RECURRENCE-ID;RANGE=THISANDFUTURE:20300105T090000Z"],
            "UNSUPPORTED_RANGE",
        ),
    ],
)
def test_unusable_component_is_refused_alone(results, lines, code):
    refused, good = results(event(*lines), event(START))
    assert (refused["status"], refused["problem"]["code"], refused["line"]) == (422, code, 4)
    assert refused["problem"]["detail"].startswith("Line ") or code == "TOO_MANY_EXCEPTIONS"
    assert good["outcome"] == "created"


def test_unknown_zone_is_quoted(outcome):
    refused = outcome("DTSTART;TZID=Mars/Base:20300105T090000")
    assert "'Mars/Base'" in refused["problem"]["detail"]


@pytest.mark.parametrize(
    ("line", "zone"),
    [
        ("DTSTART;TZID=W. Europe Standard Time:20300705T090000", "Europe/Berlin"),
        ("DTSTART;TZID=europe/paris:20300705T090000", "Europe/Paris"),
        ("DTSTART;TZID=/citadel.org/20190914_1/Europe/Paris:20300705T090000", "Europe/Paris"),
        ('DTSTART;TZID="tzone://Microsoft/Utc":20300705T070000', "UTC"),
        ("DTSTART:20300705T070000Z", "Europe/Berlin"),
        ("DTSTART:20300705T090000", "Europe/Berlin"),
    ],
)
def test_zone_without_definition_is_named(outcome, line, zone):
    reminder = outcome(line)["reminder"]
    assert (reminder["date"], reminder["timeZone"]) == ("2030-07-05T07:00:00Z", zone)


def definition(tzid, *observances):
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    for start, before, after, *more in observances:
        lines += ["BEGIN:STANDARD", f"DTSTART:{start}", f"TZOFFSETFROM:{before}"]
        lines += [f"TZOFFSETTO:{after}", *more, "END:STANDARD"]
    return "\r\n".join([*lines, "END:VTIMEZONE"])


VANCOUVER_BEFORE_2026 = definition(
    "America/Vancouver",
    ("20070311T020000", "-0800", "-0700", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"),
    ("20071104T020000", "-0700", "-0800", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"),
)
ODD = definition("Odd", ("20200101T000000", "+0017", "+0017"))


def test_old_definition_is_not_another_zone(results):
    start = event("DTSTART;TZID=America/Vancouver:20300107T170000", "RRULE:FREQ=WEEKLY")
    [result] = results(VANCOUVER_BEFORE_2026, start)
    reminder = result["reminder"]
    assert (reminder["timeZone"], reminder["date"]) == ("America/Vancouver", "2030-01-08T00:00:00Z")


def test_single_event_keeps_instant_of_definition(results):
    [result] = results(ODD, event("DTSTART;TZID=Odd:20300107T170000"))
    reminder = result["reminder"]
    assert (reminder["timeZone"], reminder["date"]) == ("Europe/Berlin", "2030-01-07T16:43:00Z")


def test_series_needs_named_zone(results):
    [result] = results(ODD, event("DTSTART;TZID=Odd:20300107T170000", "RRULE:FREQ=DAILY"))
    assert result["problem"]["code"] == "UNKNOWN_TIME_ZONE"
    assert "'Odd'" in result["problem"]["detail"]


@pytest.mark.parametrize(
    "rule", ["FREQ=MINUTELY", "FREQ=YEARLY;BYHOUR=1", "FREQ=YEARLY;COUNT=3", "FREQ=YEARLY;BYDAY=XX"]
)
def test_definition_has_yearly_rules_only(results, rule):
    zone = definition("Home", ("20200101T000000", "+0100", "+0200", f"RRULE:{rule}"))
    refused, good = results(zone, event("DTSTART;TZID=Home:20300107T170000"), event(START))
    assert refused["problem"]["code"] == "UNREADABLE_TIME_ZONE"
    assert good["outcome"] == "created"


def test_definition_is_forgotten_after_its_file(results):
    zone = definition("W. Europe Standard Time", ("20200101T000000", "+0500", "+0500"))
    start = event("DTSTART;TZID=W. Europe Standard Time:20300705T090000")
    [first], [second] = results(zone, start), results(start.replace("Tea", "Milk"))
    assert first["reminder"]["date"] == "2030-07-05T04:00:00Z"
    assert second["reminder"]["date"] == "2030-07-05T07:00:00Z"


@pytest.mark.parametrize(
    ("lines", "offset", "code"),
    [
        (["TRIGGER:-PT30M"], 30, None),
        (["TRIGGER;VALUE=DATE-TIME:20300105T083000Z"], 30, None),
        (["TRIGGER:PT5M"], 0, "ALARM_AFTER_START"),
        (["TRIGGER:soon"], 0, "UNREADABLE_PROPERTY"),
        ([], 0, "UNREADABLE_PROPERTY"),
        (["TRIGGER:-P9999D"], 0, "ALARM_TOO_EARLY"),
        (["TRIGGER:-P30D"], 0, "ALARM_PAST"),
        (["ACTION:NONE", "TRIGGER:-PT30M"], 0, None),
    ],
)
def test_no_event_is_lost_for_alarm(outcome, lines, offset, code):
    result = outcome(
        START, alarm("ACTION:DISPLAY", *lines) if lines[:1] != ["ACTION:NONE"] else alarm(*lines)
    )
    assert result["reminder"]["notifyOffset"] == offset
    assert [note["code"] for note in result["notes"]] == ([code] if code else [])


def test_past_alarm_leaves_later_one(outcome):
    result = outcome(START, alarm("TRIGGER:-P30D"), alarm("TRIGGER:-PT10M"))
    assert result["reminder"]["notifyOffset"] == 10


def test_alarm_without_address_is_push(app, other, client_of):
    content = calendar(event(START, alarm("ACTION:email", "TRIGGER:-PT5M")))
    client = client_of(app, headers=other)
    answer = client.post("/reminders/import", content=content, headers=TYPE).json()
    assert taken(answer, "notifyType", "notifyOffset") == [("push", 5)]
    assert [code for _, code in notes(answer)[0]] == ["NO_EMAIL_ADDRESS"]


@pytest.mark.parametrize(
    ("url", "kept", "codes"),
    [
        ("https://example.com/tea", "https://example.com/tea", []),
        ("", None, []),
        ("message://%3Cabc@example.com%3E", None, ["URL_LEFT_OUT"]),
        ("http://169.254.169.254/latest", None, ["URL_LEFT_OUT"]),
    ],
)
def test_bad_link_is_left_out(outcome, url, kept, codes):
    result = outcome(START, f"URL:{url}")
    assert result["reminder"]["url"] == kept
    assert [note["code"] for note in result["notes"]] == codes


@pytest.mark.parametrize(
    ("lines", "kind", "code"),
    [
        ([START, "STATUS:CANCELLED"], "VEVENT", "CANCELLED"),
        ([START, "COMPLETED:20291231T090000Z"], "VTODO", "COMPLETED"),
        ([START, "PERCENT-COMPLETE:100"], "VTODO", "COMPLETED"),
        (["DTSTART:20290105T090000Z"], "VEVENT", "PAST"),
        (["DTSTART:20290105T090000Z", "RRULE:FREQ=DAILY;COUNT=3"], "VEVENT", "PAST"),
        ([START, "RRULE:FREQ=DAILY;COUNT=1", "EXDATE:20300105T090000Z"], "VEVENT", "PAST"),
    ],
)
def test_what_is_over_is_skipped(import_content, lines, kind, code):
    answer = import_content(calendar(event(*lines, kind=kind)))
    assert (answer["results"], skipped(answer)) == ([], {code: [4]})


def versions(*lines, sequence=0, uid="tea@example.com"):
    return event(f"UID:{uid}", f"SEQUENCE:{sequence}", "DTSTAMP:20291201T120000Z", *lines)


@pytest.mark.parametrize("over", ["STATUS:CANCELLED", "DTSTART:20290105T090000Z"])
def test_newer_end_silences_reminder(results, coming, over):
    results(versions(START))
    lines = [over] if over.startswith("DTSTART") else [START, over]
    [result] = results(versions(*lines, sequence=1))
    assert (result["outcome"], coming()) == ("changed", [])


def test_override_in_later_file_changes_series(results, coming):
    results(versions(START, "RRULE:FREQ=DAILY;COUNT=3"))
    results(versions("DTSTART:20300110T090000Z", "RECURRENCE-ID:20300106T090000Z"))
    assert coming() == ["2030-01-05T09:00:00Z", "2030-01-07T09:00:00Z", "2030-01-10T09:00:00Z"]


def test_unreadable_override_stops_series(results):
    series = versions(START, "RRULE:FREQ=DAILY;COUNT=3")
    first, second = results(series, versions(START, "RECURRENCE-ID:soon"))
    assert first["problem"]["code"] == "UNREADABLE_OVERRIDE"
    assert second["problem"]["code"] == "UNREADABLE_PROPERTY"


def test_broken_override_leaves_old_time_silent(results, coming):
    series = versions(START, "RRULE:FREQ=DAILY;COUNT=3")
    results(series, versions("DTSTART:soon", "RECURRENCE-ID:20300106T090000Z"))
    assert coming() == ["2030-01-05T09:00:00Z", "2030-01-07T09:00:00Z"]


def test_changed_rest_ends_series(results, coming):
    series = versions(START, "RRULE:FREQ=DAILY;COUNT=30")
    rest = versions(START, "RECURRENCE-ID;RANGE=THISANDFUTURE:20300107T090000Z")
    results(series, rest)
    assert coming() == ["2030-01-05T09:00:00Z", "2030-01-06T09:00:00Z"]


def test_component_without_uid_is_imported_once(results, store):
    assert [one["outcome"] for one in results(event(START))] == ["created"]
    assert [one["outcome"] for one in results(event(START))] == ["unchanged"]
    assert len(store.events) == 1


def test_newest_of_equal_components_counts(import_content):
    old, new = versions(START), versions("DTSTART:20300106T090000Z", sequence=2)
    answer = import_content(calendar(new, old))
    assert taken(answer, "date") == [("2030-01-06T09:00:00Z",)]
    assert skipped(answer) == {"SUPERSEDED": [11]}


def test_own_export_changes_nothing(api, body, store, results, import_content):
    api.post("/reminders", json={**body, "rule": "FREQ=DAILY;COUNT=3"})
    content = api.get("/reminders/calendar.ics").content
    assert import_content(content)["unchanged"] == 1
    assert len(store.events) == 1
    moved = content.replace(b"SEQUENCE:0", b"SEQUENCE:1").replace(b"COUNT=3", b"COUNT=4")
    assert import_content(moved)["changed"] == 1


def test_others_reminders_stay_theirs(api, other, import_content, store):
    content = calendar(versions(START))
    import_content(content)
    answer = api.post("/reminders/import", content=content, headers={**other, **TYPE}).json()
    assert answer["created"] == 1
    assert [event.user_id for event in store.events] == ["user-1", "user-2"]


def test_repeated_key_imports_once(api, store):
    headers, content = {**TYPE, "Idempotency-Key": "k"}, calendar(event(START))
    first = api.post("/reminders/import", content=content, headers=headers)
    again = api.post("/reminders/import", content=content, headers=headers)
    assert (again.content, len(store.events)) == (first.content, 1)


def test_other_components_are_skipped(import_content, store):
    journal = event("DTSTART:x", kind="VJOURNAL")
    answer = import_content(calendar(journal, event(START, kind="VTODO"), event("DTSTART:x")))
    assert [one["outcome"] for one in answer["results"]] == ["created", "refused"]
    assert skipped(answer) == {"UNSUPPORTED_COMPONENT": [4]}
    [created] = store.events
    assert UUID(created.data["id"]) == UUID(answer["results"][0]["reminderId"])


def test_incomplete_component_is_refused(import_content):
    cut = calendar(event(START), event(START, summary="SUMMARY:Milk")).rpartition("END:VEVENT")[0]
    answer = import_content(cut)
    assert taken(answer, "message") == [("Tea",), "INCOMPLETE_COMPONENT"]


def test_control_characters_become_blanks(outcome):
    assert outcome(START, summary="SUMMARY:a\\nb\x1bc")["reminder"]["message"] == "a b c"


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_other_content_type_is_refused(api, content_type):
    headers = {"content-type": content_type}
    answer = api.post("/reminders/import", content=b'"x"', headers=headers)
    assert problem(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("charset", ["klingon", "utf-7", "idna", "shift_jis", "unicode_escape"])
def test_other_charset_is_refused(api, charset):
    headers = {"content-type": f"text/calendar; charset={charset}"}
    answer = api.post("/reminders/import", content=calendar(event(START)), headers=headers)
    assert problem(answer) == (415, "UNSUPPORTED_CHARSET")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("hello", "contains no calendar"),
        (calendar(), "at least one event"),
        (event(START), "contains no calendar"),
        ("BEGIN:VCALENDAR\r\n" * 2_000, "at least one event"),
        ("BEGIN:VCALENDAR\r\n" + "BEGIN:X\r\n" * 20, "deeper than 8 levels"),
        (calendar("X:1\r\n" * 50_000), "at most 50000 lines"),
        (calendar("BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 10_001), "at most 10000 events"),
    ],
)
def test_unusable_file_is_refused(api, store, content, detail):
    answer = api.post("/reminders/import", content=content, headers=TYPE)
    assert problem(answer) == (422, "INVALID_CALENDAR")
    assert detail in answer.json()["detail"]
    assert store.events == []


def test_quota_refuses_import(api, store, monkeypatch):
    monkeypatch.setattr(store, "_per_user", 1)
    content = calendar(versions(START, uid="1"), versions(START, uid="2"))
    answer = api.post("/reminders/import", content=content, headers=TYPE)
    assert problem(answer) == (409, "TOO_MANY_REMINDERS")


def test_second_import_takes_the_rest(import_content, clock):
    content = calendar(*[versions(START, uid=str(number)) for number in range(1_100)])
    first = import_content(content)
    clock.advance(minutes=20)  # until the rate limit has room for the next request
    second = import_content(content)
    assert (first["created"], first["refused"]) == (1_000, 100)
    assert first["results"][-1]["problem"]["code"] == "TOO_MANY_COMPONENTS"
    assert (second["created"], second["unchanged"], second["refused"]) == (100, 1_000, 0)


names = st.sampled_from(
    ["DTSTART", "DUE", "RRULE", "EXDATE", "URL", "PRIORITY", "BEGIN", "END", "TRIGGER", "TZID"]
    + ["RECURRENCE-ID", "SUMMARY", "SEQUENCE", "DTSTAMP", "DURATION", "STATUS"]
)
values = st.one_of(
    st.sampled_from(["20300105T090000Z", "VALARM", "VEVENT", "-PT5M", "FREQ=DAILY", "5", "P"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)


@given(st.lists(st.tuples(names, st.sampled_from([":", ";VALUE=DATE:", ";TZID=UTC:"]), values)))
def test_any_component_gets_an_answer(read_any, lines):
    read_any(calendar(event(*("".join(line) for line in lines))))


@pytest.fixture(scope="module")
def read_any():
    from datetime import UTC, datetime, time

    from reminder_service.calendar.importing import Import
    from service_runtime.identity import Caller

    def read(text):
        file = Import(
            content=text.encode(),
            charset=None,
            caller=Caller(user_id="user-1"),
            now=datetime(2030, 1, 1, 12, tzinfo=UTC),
            zone="Europe/Berlin",
            is_zone_requested=False,
            all_day_at=time(9),
        )
        events, broken = file.read()
        assert events or broken
        plan = file.plan(NothingKnown(), events, broken)
        assert all(one.problem or one.reminder for one in plan.results)

    return read


class NothingKnown:
    def find(self, user_id, uids):
        return {}


def test_folds_of_other_properties_are_dropped():
    text = "X-ALT-DESC:first\r\n" + " BEGIN:VEVENT\r\n" * 1_000
    skipped_parts = Skipped()
    content = calendar(event(START, text.strip())).encode()
    [found] = read_calendars(read_lines(content, None, skipped_parts), skipped_parts)
    assert [part.kind for part in found.children] == ["VEVENT"]
    assert set(found.children[0].lines) == {"SUMMARY", "DTSTART"}


def test_import_is_described_for_generators(app):
    """Generators of clients leave out operations whose every body is of a type they lack."""
    described = app.openapi()["paths"]["/reminders/import"]["post"]["requestBody"]["content"]
    assert set(described) == {"text/calendar", "application/octet-stream"}
