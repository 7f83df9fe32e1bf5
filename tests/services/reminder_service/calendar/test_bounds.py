"""What hostile files cost: counted in steps, and in memory."""

import tracemalloc
from datetime import UTC, datetime, time
from itertools import count, islice

import pytest
from reminder_service.calendar import components, zone_definition
from reminder_service.calendar.importing import Import
from reminder_service.creation import Budget
from service_runtime.identity import Caller
from service_runtime.problems import Problem

SIZE = 1024 * 1024
START = "BEGIN:VEVENT\r\nDTSTART:20300105T090000Z\r\n"
END = "END:VEVENT\r\n"
MINUTELY = "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\n"
ZONE = (
    f"TZID:Home\r\nBEGIN:STANDARD\r\n{MINUTELY}RRULE:FREQ=MINUTELY\r\nEND:STANDARD\r\n"
    f"BEGIN:DAYLIGHT\r\n{MINUTELY}RRULE:FREQ=MINUTELY\r\nEND:DAYLIGHT\r\n"
)
AT_HOME = "BEGIN:VEVENT\r\nDTSTART;TZID=Home:20300105T090000\r\nEND:VEVENT\r\n"


def filled(head, piece, tail=""):
    """A calendar of a megabyte: a piece again and again."""
    start, end = f"BEGIN:VCALENDAR\r\n{head}", f"{tail}END:VCALENDAR\r\n"
    room = SIZE - len(start) - len(end)
    return (start + piece * (room // len(piece)) + end).encode()


def numbered(pieces):
    text = "".join(islice(pieces, 300))
    return f"BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n".encode()


def zone(number):
    return (
        f"BEGIN:VTIMEZONE\r\nTZID:{number}\r\nBEGIN:STANDARD\r\n{MINUTELY}"
        f"RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY={number % 28 + 1}\r\nEND:STANDARD\r\n"
        "END:VTIMEZONE\r\n"
        f"BEGIN:VEVENT\r\nDTSTART;TZID={number}:20300105T090000\r\nEND:VEVENT\r\n"
    )


HOSTILE = {
    "a zone that expands": f"BEGIN:VCALENDAR\r\nBEGIN;A=B:VTIMEZONE\r\n{ZONE}END:VTIMEZONE\r\n"
    f"{AT_HOME}END:VCALENDAR\r\n".encode(),
    "a folded zone that expands": f"BEGIN:VCALENDAR\r\nBEGIN:VTIME\r\n ZONE\r\n{ZONE}"
    f"END:VTIMEZONE\r\n{AT_HOME}END:VCALENDAR\r\n".encode(),
    "many zones": numbered(zone(number) for number in range(300)),
    "one line": filled(f"{START}RRULE:FREQ=DAILY;BYSETPOS=", "1,", f"1\r\n{END}"),
    "one folded line": filled(
        f"{START}RRULE:FREQ=DAILY;BYSETPOS=1", "\r\n ," + "1" * 60, f"\r\n{END}"
    ),
    "exceptions": filled(
        f"{START}RRULE:FREQ=DAILY\r\n", "EXDATE:" + "20300105T090000Z," * 50 + "\r\n", END
    ),
    "parameters": filled(f"{START}SUMMARY", ";A=B", f":x\r\n{END}"),
    "escapes": filled(f"{START}SUMMARY:", "\\\\", f"\r\n{END}"),
    "blank lines": filled(START, "\r\n" * 10, END),
    "folds": filled(f"{START}SUMMARY:", "\r\n x", f"\r\n{END}"),
    "components": filled("", "BEGIN:VEVENT\r\nEND:VEVENT\r\n"),
    "alarms": filled(START, "BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n", END),
    "open components": filled("", "BEGIN:VEVENT\r\nBEGIN:X\r\n"),
    "ends": filled("", "END:VALARM\r\n"),
    "calendars": filled("", "BEGIN:VCALENDAR\r\n"),
    "series": filled("", f"{START}RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO\r\n{END}"),
}


def import_of(content, **options):
    return Import(
        content=content,
        charset=None,
        caller=Caller(user_id="user-1"),
        now=datetime(2030, 1, 1, 12, tzinfo=UTC),
        zone="Europe/Berlin",
        is_zone_requested=False,
        all_day_at=time(9),
        **options,
    )


@pytest.fixture
def run():
    """Reads and plans as far as the file and the budget allow."""

    def read(content):
        file = import_of(content)
        try:
            events, broken = file.read()
            return len(file.plan(NothingKnown(), events, broken).results)
        except Problem as problem:
            return problem.code

    return read


class NothingKnown:
    def find(self, user_id, uids):
        return {}


@pytest.fixture
def steps(monkeypatch):
    """Counts the lines that are split and the yearly rules that are expanded."""
    counted = {"characters": 0, "rules": 0}
    split, expand = components.split_line, zone_definition._yearly

    def split_line(text):
        counted["characters"] += len(text)
        return split(text)

    def yearly(*rule):
        counted["rules"] += 1
        return expand(*rule)

    monkeypatch.setattr(components, "split_line", split_line)
    monkeypatch.setattr(zone_definition, "_yearly", yearly)
    return counted


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_costs_bounded_steps(run, steps, name):
    assert len(HOSTILE[name]) <= SIZE
    run(HOSTILE[name])
    assert steps["characters"] <= 8 * SIZE  # some properties are read more than once
    assert steps["rules"] <= 40 * zone_definition.MOST_RULES


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if len(HOSTILE[name]) > SIZE // 2 and name != "series"]
)
def test_hostile_file_takes_bounded_memory(run, name):
    tracemalloc.start()
    run(HOSTILE[name])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * SIZE


def test_used_up_budget_refuses_the_rest():
    """The client can send the file again; the budget of five seconds is spent by a clock."""
    times = count(step=2)
    budget = Budget(spent=lambda: float(next(times)))
    file = import_of(numbered(zone(number) for number in range(10)), budget=budget)
    _, refused = file.read()
    assert [entry.outcome.code for entry in refused] == ["OUT_OF_TIME"] * 8
