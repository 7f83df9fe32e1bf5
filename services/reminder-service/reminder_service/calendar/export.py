"""Writes reminders as iCalendar (RFC 5545), each as an event with its alarm.

The icalendar library takes 16 s of CPU for the 10,000 reminders that a user may have. So this
module writes the events.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from service_runtime.recurrence import Series, zone_of
from service_runtime.recurrence_rule import parts_of, rule_of, until_of

from reminder_service.calendar.zone_export import zone_definition
from reminder_service.reminders import Reminder

PRODUCT = "-//Herald//Reminders//EN"
LONGEST_LINE = 75  # bytes
_ESCAPED = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,"})


def calendar_of(zones: Iterable[str], batches: Iterable[Sequence[Reminder]]) -> Iterator[bytes]:
    """Yield the calendar in pieces; `zones` are the time zones of the reminders."""
    yield "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", ""]).encode()
    for zone in zones:
        if zone != "UTC":
            yield zone_definition(zone)
    for batch in batches:
        yield b"".join(map(_event, batch))
    yield b"END:VCALENDAR\r\n"


def _zone(reminder: Reminder) -> str:
    """Return the zone of the event.

    It is UTC for the second of two equal local times and for series that count elapsed time. Other
    series use their own zone.
    """
    if reminder.rule:
        counts_elapsed_time = rule_of(reminder.rule).counts_elapsed_time
        return "UTC" if counts_elapsed_time else reminder.time_zone
    start = reminder.date.astimezone(zone_of(reminder.time_zone))
    return "UTC" if start.fold else reminder.time_zone


def _start(reminder: Reminder) -> datetime:
    """Return the first occurrence: calendar programs show DTSTART even if the rule does not."""
    series = Series(reminder.date, reminder.rule, reminder.time_zone)
    return series.after(reminder.date - timedelta(microseconds=1)) or reminder.date


def _event(reminder: Reminder) -> bytes:
    return b"".join(_line(text) for text in _lines(reminder, _zone(reminder)))


def _line(text: str) -> bytes:
    """Return the line, folded between characters if it is too long."""
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
    yield f"SUMMARY:{reminder.content.message.translate(_ESCAPED)}"
    yield f"DTSTART{_on_clock(zone, _start(reminder))}"
    if reminder.content.url:
        yield f"URL:{reminder.content.url}"
    if reminder.content.urgent:
        yield "PRIORITY:1"
    if reminder.rule:
        yield f"RRULE:{_rule(reminder.rule, reminder.time_zone)}"
    if reminder.except_dates:
        yield f"EXDATE{_on_clock(zone, *reminder.except_dates)}"
    yield from _alarm(reminder)
    yield "END:VEVENT"


def _rule(rule: str, time_zone: str) -> str:
    """Return the rule with FREQ first and UNTIL in UTC, as RFC 5545 (3.3.10) requires."""
    parts = parts_of(rule)
    if "UNTIL" in parts:
        until = until_of(parts["UNTIL"])
        instant = until if until.tzinfo else until.replace(tzinfo=zone_of(time_zone))
        parts = {**parts, "UNTIL": _moments(instant)}
    return ";".join(
        f"{name}={parts[name]}" for name in sorted(parts, key=lambda one: one != "FREQ")
    )


def _alarm(reminder: Reminder) -> Iterator[str]:
    message = reminder.content.message.translate(_ESCAPED)
    yield "BEGIN:VALARM"
    yield f"TRIGGER:-PT{reminder.notify_offset}M"
    yield f"DESCRIPTION:{message}"
    if reminder.content.channel == "email":
        yield "ACTION:EMAIL"
        yield f"SUMMARY:{message}"
        yield f"ATTENDEE:mailto:{reminder.content.email}"
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
