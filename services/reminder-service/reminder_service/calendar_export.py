"""Reminders as an iCalendar (RFC 5545), one event with its alarm each."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Alarm, Calendar, Event, vRecur, vText
from service_runtime.recurrence import zone_of

from reminder_service.reminders import Reminder

PRODUCT = "-//Herald//Reminders//EN"
_ESCAPED = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,"})


class Line(vText):
    """A text without line ends; the library would take a backslash before an N for one."""

    def to_ical(self) -> bytes:
        return self.translate(_ESCAPED).encode()


def calendar_of(reminders: Iterable[Reminder]) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    for reminder in reminders:
        calendar.add_component(_event(reminder))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(reminder: Reminder) -> Event:
    zone = zone_of(reminder.time_zone)
    event = Event()
    event.add("uid", str(reminder.id))
    event.add("dtstamp", reminder.updated_at)
    event.add("created", reminder.created_at)
    event.add("last-modified", reminder.updated_at)
    event.add("sequence", reminder.version - 1)
    event.add("summary", Line(reminder.message))
    event.add("dtstart", _start(reminder))
    if reminder.url:
        event.add("url", reminder.url)
    if reminder.urgent:
        event.add("priority", 1)
    if reminder.rule:
        event.add("rrule", vRecur.from_ical(reminder.rule))
    if reminder.except_dates:
        event.add("exdate", [date.astimezone(zone) for date in reminder.except_dates])
    event.add_component(_alarm(reminder))
    return event


def _start(reminder: Reminder) -> datetime:
    """On the wall clock; iCalendar cannot say the second of two equal times, so that is in UTC.

    The occurrences of a series follow the wall clock, so its start does, too.
    """
    start = reminder.date.astimezone(zone_of(reminder.time_zone))
    return start.astimezone(UTC) if start.fold and not reminder.is_recurring else start


def _alarm(reminder: Reminder) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "EMAIL" if reminder.notify_type == "email" else "DISPLAY")
    alarm.add("description", Line(reminder.message))
    alarm.add("trigger", -timedelta(minutes=reminder.notify_offset))
    if reminder.notify_type == "email":
        alarm.add("summary", Line(reminder.message))
        alarm.add("attendee", f"mailto:{reminder.email}")
    return alarm
