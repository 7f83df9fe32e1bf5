"""Files as calendar programs write them, and what each of their components becomes."""

import json
from datetime import timedelta

import pytest

from tests.services.reminder_service.calendar.conftest import FILES, TYPE
from tests.services.reminder_service.conftest import NOW
from tests.services.reminder_service.test_api import problem

FIELDS = ("date", "notifyOffset", "notifyType", "message", "timeZone", "rule")


def taken(answer, *fields):
    """The named fields of each result, or the code of its problem."""
    return [
        tuple(result["reminder"][name] for name in fields)
        if result["reminder"]
        else result["problem"]["code"]
        for result in answer["results"]
    ]


def notes(answer):
    return [[(note["line"], note["code"]) for note in one["notes"]] for one in answer["results"]]


def skipped(answer):
    return {one["code"]: one["lines"] for one in answer["skipped"]}


def test_apple_switch_is_no_alarm(import_file):
    answer = import_file("apple-alarm-none-1976.ics")
    assert taken(answer, "date", "notifyOffset", "notifyType") == [
        ("2030-03-18T16:00:00Z", 16, "email"),
        ("2030-03-19T16:00:00Z", 0, "push"),
    ]
    assert notes(answer) == [[], []]


def test_lines_unfold_before_they_decode(import_file):
    assert taken(import_file("fold-inside-utf8.ics"), "message", "date") == [
        ("Plain ASCII", "2030-03-18T09:00:00Z"),
        ("Zahnarzttermin für die ganze Familie und danach Eis essen", "2030-07-05T07:00:00Z"),
    ]


def test_utc_wins_over_tzid(import_file):
    assert taken(import_file("tzid-and-z.ics"), "date") == [("2030-07-05T09:00:00Z",)] * 2


def test_definition_decides_what_zone_means(import_file):
    assert taken(import_file("exchange-zones.ics"), "date", "timeZone") == [
        *[("2030-07-05T07:00:00Z", "Europe/Berlin")] * 4,
        ("2030-07-05T07:00:00Z", "Europe/Vienna"),
        ("2030-07-05T07:00:00Z", "Europe/Berlin"),
        ("2030-07-05T09:00:00Z", "UTC"),
        *[("2030-07-05T07:00:00Z", "Europe/Berlin")] * 2,
    ]
    assert taken(import_file("tzid-gmt-british-rules.ics"), "date", "timeZone") == [
        ("2030-07-05T08:00:00Z", "Europe/London")
    ]


def test_end_of_todo_is_due(import_file):
    assert taken(import_file("tasks-org-related-end.ics"), "date", "notifyOffset", "rule") == [
        ("2030-05-24T13:00:00Z", 0, None),
        ("2030-05-24T15:00:00Z", 120, None),
        ("2030-05-24T13:00:00Z", 1440, "FREQ=WEEKLY;BYDAY=FR"),
    ]


def test_floating_times_follow_calendar_zone(import_file):
    answer = import_file("floating-and-x-wr-timezone.ics")
    assert taken(answer, "date", "timeZone", "rule") == [
        ("2030-05-24T19:00:00Z", "America/New_York", None),
        ("2030-05-24T13:00:00Z", "America/New_York", None),
        ("2030-01-07T14:00:00Z", "America/New_York", "FREQ=WEEKLY;BYDAY=MO"),
    ]


@pytest.mark.parametrize(
    ("parameters", "zone", "date"),
    [
        ({}, "Europe/Berlin", "2030-05-24T13:00:00Z"),
        ({"timeZone": "Asia/Tokyo"}, "Asia/Tokyo", "2030-05-24T06:00:00Z"),
    ],
)
def test_floating_times_follow_user(import_content, parameters, zone, date):
    content = (FILES / "floating-and-x-wr-timezone.ics").read_bytes()
    content = content.replace(b"X-WR-TIMEZONE:America/New_York\r\n", b"")
    answer = import_content(content, **parameters)
    assert answer["timeZone"] == zone
    assert taken(answer, "date", "timeZone")[0] == (date, zone)


def test_requested_zone_wins_over_file(import_file):
    answer = import_file("floating-and-x-wr-timezone.ics", timeZone="Asia/Tokyo")
    assert taken(answer, "date")[0] == ("2030-05-24T06:00:00Z",)


def test_exdate_of_day_leaves_out_day(import_file, coming):
    answer = import_file("exdate-as-date.ics")
    assert coming() == [
        "2030-01-07T09:00:00Z",
        "2030-01-07T09:00:00Z",
        "2030-01-08T09:00:00Z",
        "2030-01-08T09:00:00Z",
        "2030-01-10T09:00:00Z",
    ]
    assert notes(answer) == [[], [(18, "EMPTY_PROPERTY")]]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_overrides_replace_their_occurrence(import_content, coming, order):
    head, *events = (FILES / "recurrence-id.ics").read_bytes().split(b"BEGIN:VEVENT\r\n")
    events[-1], end = events[-1].split(b"END:VCALENDAR")
    content = head + b"".join(b"BEGIN:VEVENT\r\n" + events[place] for place in order)
    answer = import_content(content + b"END:VCALENDAR" + end)
    assert coming() == ["2030-01-07T09:00:00Z", "2030-01-15T13:00:00Z", "2030-01-28T09:00:00Z"]
    assert (answer["created"], list(skipped(answer))) == (2, ["CANCELLED"])


def test_days_ring_at_hour_of_user(import_file, coming):
    answer = import_file("all-day-with-alarm.ics")
    assert taken(answer, "date", "rule") == [
        ("2030-03-14T08:00:00Z", "FREQ=YEARLY"),
        ("2030-01-16T08:00:00Z", None),
        ("2030-01-17T08:00:00Z", None),
        ("2030-01-18T08:00:00Z", None),
        ("1970-03-14T08:00:00Z", "FREQ=YEARLY"),
    ]
    assert coming(most=1) == [
        "2030-01-16T08:00:00Z",
        "2030-01-17T08:00:00Z",
        "2030-01-18T08:00:00Z",
        "2030-03-14T08:00:00Z",
        "2030-03-14T08:00:00Z",
    ]


def test_request_chooses_hour_of_days(import_file):
    answer = import_file("all-day-with-alarm.ics", allDayAt="18:30")
    assert taken(answer, "date")[:2] == [("2030-03-14T08:00:00Z",), ("2030-01-16T17:30:00Z",)]


def test_newer_version_moves_reminder(import_file, coming, store):
    first = import_file("first-version.ics")
    moved = import_file("moved-later.ics")
    assert [first["results"][0]["outcome"], moved["results"][0]["outcome"]] == [
        "created",
        "changed",
    ]
    assert coming() == ["2030-02-12T10:30:00Z"]
    events = list(store.events)
    for name in ("moved-later.ics", "first-version.ics"):
        again = import_file(name)
        assert again["results"][0]["outcome"] == "unchanged"
        assert again["results"][0]["reminderId"] == moved["results"][0]["reminderId"]
    assert (coming(), store.events) == (["2030-02-12T10:30:00Z"], events)


def test_sloppy_rules_are_read_or_refused(import_file):
    answer = import_file("sloppy-rules.ics")
    assert taken(answer, "rule") == [
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=10",),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=10",),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=10",),
        *["INVALID_RULE"] * 4,
    ]
    details = [one["problem"]["detail"] for one in answer["results"][3:]]
    for part, detail in zip(("UNTL", "FROM", "COUNT", "RSCALE"), details, strict=True):
        assert part in detail
        assert detail.startswith("Line ")


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("utf16.ics", "text/calendar; charset=utf-16"),
        ("utf8-bom-lf.ics", "text/calendar"),
        ("utf8-bom-lf.ics", "application/octet-stream"),
        ("cp1252.ics", "text/calendar; charset=windows-1252"),
    ],
)
def test_charsets_and_marks_are_read(import_file, name, content_type):
    answer = import_file(name, content_type)
    assert taken(answer, "message") == [("Café mit Jürgen – 5 €",)]


def test_unnamed_charset_is_refused(api):
    content = (FILES / "cp1252.ics").read_bytes()
    answer = api.post("/reminders/import", content=content, headers=TYPE)
    assert problem(answer) == (400, "MALFORMED_BODY")
    assert "Line 7 is not UTF-8" in answer.json()["detail"]


def test_undecodable_line_costs_itself(import_file):
    answer = import_file("cp1252.ics", "text/calendar; charset=utf-8")
    assert taken(answer, "message") == [("Event",)]
    assert skipped(answer) == {"UNDECODABLE_LINE": [7]}


def test_odd_triggers_are_offsets(import_file):
    answer = import_file("odd-triggers.ics")
    assert taken(answer, "notifyOffset") == [(0,), (0,), (30,), (10080,), (1440,), (0,)]


def test_earliest_alarm_rings(import_file):
    answer = import_file("thunderbird-snoozed.ics")
    assert taken(answer, "notifyOffset") == [(45,)]
    assert notes(answer) == [[(13, "OTHER_ALARM"), (10, "SNOOZE_LEFT_OUT")]]


def test_yearly_day_belongs_to_one_month(import_file, coming):
    answer = import_file("yearly-bymonthday.ics")
    assert coming(most=3) == [f"{year}-07-16T08:00:00Z" for year in (2030, 2031, 2032)]
    assert notes(answer) == [[(9, "RULE_COMPLETED")]]


def test_past_exceptions_do_not_count(import_file, coming):
    answer = import_file("many-exdates.ics")
    assert answer["created"] == 1
    assert coming(most=3) == [
        "2030-01-14T08:00:00Z",
        "2030-01-28T08:00:00Z",
        "2030-02-11T08:00:00Z",
    ]


def test_missing_texts_have_stand_ins(import_file):
    answer = import_file("no-summary-long-summary.ics")
    assert taken(answer, "message") == [
        ("Event",),
        ("The text is here",),
        ("x" * 999 + "…",),
        ("Gebucht",),
    ]
    assert [[code for _, code in one] for one in notes(answer)] == [
        ["NO_SUMMARY"],
        ["NO_SUMMARY"],
        ["TEXT_CUT"],
        [],
    ]


def test_text_around_calendar_is_skipped(import_file):
    answer = import_file("blank-lines-and-html-tail.ics")
    assert taken(answer, "message") == [("After blank lines",)]
    assert skipped(answer) == {"UNREADABLE_LINE": [14, 15]}


def test_broken_fold_costs_its_line(import_file):
    answer = import_file("broken-fold.ics")
    assert taken(answer, "message") == [
        ("A text that its program broke without the blank",),
        ("A sound neighbour",),
    ]
    assert skipped(answer) == {"UNREADABLE_LINE": [4, 11]}


def test_series_follow_new_zone_data(import_file):
    answer = import_file("british-columbia.ics")
    assert taken(answer, "date", "timeZone") == [("2027-01-12T00:00:00Z", "America/Vancouver")]
    assert answer["results"][0]["reminder"]["nextDate"] == "2030-01-08T00:00:00Z"


def export_of(number, start):
    """An event as Google exports it."""
    return (
        f"BEGIN:VEVENT\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDTEND:{start:%Y%m%dT%H%M%SZ}\r\n"
        f"DTSTAMP:20291201T120000Z\r\nUID:{number:05d}@example.com\r\nSEQUENCE:0\r\n"
        "DESCRIPTION:A text of the usual length that nobody reads\r\nLOCATION:\r\n"
        f"STATUS:CONFIRMED\r\nSUMMARY:Event {number}\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\n"
    )


def test_long_past_does_not_count(import_content):
    starts = [NOW + timedelta(days=1.8 * (number - 1899)) for number in range(2_000)]
    events = "".join(export_of(*one) for one in enumerate(starts))
    answer = import_content(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n")
    assert (answer["created"], answer["refused"], len(answer["results"])) == (100, 0, 100)
    [past] = answer["skipped"]
    assert (past["code"], past["count"], len(past["lines"])) == ("PAST", 1_900, 1_000)
    assert past["lines"][:2] == [3, 15]
    assert json.dumps(past)
