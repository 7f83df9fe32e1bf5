"""Selects the alarm of an event or to-do.

The earliest future alarm is used. Alarms that mean "no alarm" or are invalid are omitted. An event
without a usable alarm is announced at its start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder_service.calendar.components import Part, Property, Unreadable
from reminder_service.calendar.moments import Moment
from reminder_service.calendar.skipped import Note
from reminder_service.calendar.values import date_value
from reminder_service.fields import LONGEST_OFFSET

MOST_ALARMS = 50  # of a component


@dataclass(frozen=True)
class Alarm:
    before: timedelta  # before the date of the reminder; negative if after it
    by_email: bool
    line: int


@dataclass(frozen=True)
class Subject:
    """Contains the times of a component to which its alarms are relative."""

    about: Moment
    start: Moment
    end: Moment
    is_series: bool


def read_alarms(part: Part, subject: Subject) -> tuple[list[Alarm], list[Note]]:
    """Return the usable alarms, the earliest first, and a note on each other alarm."""
    alarms: list[Alarm] = []
    notes: list[Note] = []
    for number, child in enumerate(part.of_kind("VALARM")):
        try:
            if number >= MOST_ALARMS:
                raise Unreadable(
                    "TOO_MANY_ALARMS", f"Expected at most {MOST_ALARMS} alarms.", child.line
                )
            alarms += _alarm(child, subject)
        except Unreadable as error:
            notes.append(Note(error.line, error.code, f"The alarm is omitted. {error.reason}"))
    return sorted(alarms, key=lambda alarm: -alarm.before), notes


def _alarm(part: Part, subject: Subject) -> Iterator[Alarm]:
    action = (found := part.first("ACTION")) and found.value.upper()
    if action == "NONE":
        return
    trigger = part.only("TRIGGER")
    if trigger is None:
        raise Unreadable("UNREADABLE_PROPERTY", "Expected a TRIGGER.", part.line)
    before = subject.about.instant - _instant(trigger, subject)
    if before > timedelta(minutes=LONGEST_OFFSET):
        detail = f"Expected an alarm at most {LONGEST_OFFSET} minutes before the date."
        raise Unreadable("ALARM_TOO_EARLY", detail, trigger.line.number)
    if before <= -(timedelta(days=1) if subject.about.is_day else timedelta(minutes=1)):
        detail = "Expected an alarm at the start, before it, or on the same day."
        raise Unreadable("ALARM_AFTER_START", detail, trigger.line.number)
    yield Alarm(before, action == "EMAIL", part.line)


def _instant(trigger: Property, subject: Subject) -> datetime:
    try:
        value = date_value(trigger.value)
        if isinstance(value, timedelta):
            is_end = trigger.parameter("RELATED").upper() == "END"
            # Alarms of whole days use local time; others use elapsed time.
            base = subject.end if is_end else subject.start
            return base.plus(value).instant if base.is_day else base.instant + value
        if isinstance(value, datetime) and value.tzinfo and not subject.is_series:
            return value
    except (ValueError, OverflowError) as error:
        raise trigger.unreadable(str(error)) from None
    expected = "a duration" if subject.is_series else "a duration or a time in UTC"
    raise trigger.unreadable(f"expected {expected}; got {trigger.value[:80]!r}")
