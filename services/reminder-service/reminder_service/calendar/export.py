"""Reminders as an iCalendar (RFC 5545), one event with its alarm each.

A user may have 10,000 reminders. icalendar takes 16 s of CPU to write them, so the events are
written here; their zones are icalendar's, and a process makes each once.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache

from icalendar import Timezone
from service_runtime.recurrence import zone_of

from reminder_service.reminders import Reminder

PRODUCT = "-//Herald//Reminders//EN"
LONGEST_LINE = 75  # bytes
_ESCAPED = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,"})


def calendar_of(zones: Iterable[str], batches: Iterable[Sequence[Reminder]]) -> Iterator[bytes]:
    """Piece by piece; `zones` are those of the reminders."""
    yield "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", ""]).encode()
    for zone in zones:
        if zone != "UTC":
            yield _described(zone)
    for batch in batches:
        yield b"".join(map(_event, batch))
    yield b"END:VCALENDAR\r\n"


@cache
def _described(zone: str) -> bytes:
    """Takes icalendar 20 ms of CPU."""
    return bytes(Timezone.from_tzid(zone).to_ical())


def _zone(reminder: Reminder) -> str:
    """The wall clock of the event: UTC for the second of two equal times, which only it can say.

    The occurrences of a series follow the wall clock, so its start does, too.
    """
    start = reminder.date.astimezone(zone_of(reminder.time_zone))
    return "UTC" if start.fold and not reminder.is_recurring else reminder.time_zone


def _event(reminder: Reminder) -> bytes:
    return b"".join(_line(text) for text in _lines(reminder, _zone(reminder)))


def _line(text: str) -> bytes:
    """Folded between characters where it is too long."""
    rest, longest = text.encode(), LONGEST_LINE
    lines: list[bytes] = []
    while len(rest) > longest:
        end = longest
        while rest[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        lines.append(rest[:end])
        rest, longest = rest[end:], LONGEST_LINE - 1
    return b"\r\n ".join([*lines, rest]) + b"\r\n"


def _lines(reminder: Reminder, zone: str) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{reminder.id}"
    yield f"DTSTAMP:{_moments(reminder.updated_at)}"
    yield f"CREATED:{_moments(reminder.created_at)}"
    yield f"LAST-MODIFIED:{_moments(reminder.updated_at)}"
    yield f"SEQUENCE:{reminder.version - 1}"
    yield f"SUMMARY:{reminder.message.translate(_ESCAPED)}"
    yield f"DTSTART{_on_clock(zone, reminder.date)}"
    if reminder.url:
        yield f"URL:{reminder.url}"
    if reminder.urgent:
        yield "PRIORITY:1"
    if reminder.rule:
        yield f"RRULE:{_beginning_with_frequency(reminder.rule)}"
    if reminder.except_dates:
        yield f"EXDATE{_on_clock(zone, *reminder.except_dates)}"
    yield from _alarm(reminder)
    yield "END:VEVENT"


def _beginning_with_frequency(rule: str) -> str:
    return ";".join(sorted(rule.split(";"), key=lambda part: not part.startswith("FREQ=")))


def _alarm(reminder: Reminder) -> Iterator[str]:
    message = reminder.message.translate(_ESCAPED)
    yield "BEGIN:VALARM"
    yield f"TRIGGER:-PT{reminder.notify_offset}M"
    yield f"DESCRIPTION:{message}"
    if reminder.notify_type == "email":
        yield "ACTION:EMAIL"
        yield f"SUMMARY:{message}"
        yield f"ATTENDEE:mailto:{reminder.email}"
    else:
        yield "ACTION:DISPLAY"
    yield "END:VALARM"


def _on_clock(zone: str, *moments: datetime) -> str:
    if zone == "UTC":
        return f":{_moments(*moments)}"
    local = (f"{moment.astimezone(zone_of(zone)):%Y%m%dT%H%M%S}" for moment in moments)
    return f";TZID={zone}:{','.join(local)}"


def _moments(*moments: datetime) -> str:
    return ",".join(f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" for moment in moments)
