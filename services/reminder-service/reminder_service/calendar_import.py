"""An iCalendar (RFC 5545) as the bodies of new reminders: its VEVENTs and VTODOs.

What a reminder cannot be is refused for each component by itself: dates without a time,
several rules, added dates (RDATE), changed single occurrences (RECURRENCE-ID).
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from icalendar import Calendar, Component
from icalendar.timezone import tzp
from icalendar.timezone.zoneinfo import ZONEINFO
from service_runtime.bodies import time_zone_names
from service_runtime.problems import Problem

MOST_COMPONENTS = 1_000
MOST_LINES = 50_000  # icalendar takes some 20 µs for each
UNSUPPORTED = ("RDATE", "RECURRENCE-ID", "EXRULE")
OVER = ("CANCELLED", "COMPLETED")

_ZONE_EDGE = re.compile(r"^(?:BEGIN|END):VTIMEZONE[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BEGIN = re.compile(r"^BEGIN:(?:VEVENT|VTODO)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")

Component.ignore_exceptions = True  # what is wrong in one component spoils no other
Refused = ValueError


class KnownZones(ZONEINFO):
    """Only a name of the database is looked for: others may name folders, or nothing at all."""

    def timezone(self, name: str) -> tzinfo | None:
        return super().timezone(name) if name in time_zone_names() else None


def components_of(content: bytes) -> list[Component]:
    """The events and to-dos of a calendar; the reason why there are none otherwise."""
    text = content.decode("utf-8-sig")
    _check_size(text)
    found = [
        component
        for calendar in _calendars(text)
        if calendar.name == "VCALENDAR"
        for component in calendar.subcomponents
        if component.name in ("VEVENT", "VTODO")
    ]
    if not 1 <= len(found) <= MOST_COMPONENTS:
        raise _of_another_size(f"1 to {MOST_COMPONENTS} events and to-dos", len(found))
    return found


def _check_size(text: str) -> None:
    """Before it is read, which takes a thousand times as long."""
    if (came := len(_BEGIN.findall(text))) > MOST_COMPONENTS:
        raise _of_another_size(f"1 to {MOST_COMPONENTS} events and to-dos", came)
    if (came := text.count("\n")) > MOST_LINES:
        raise _of_another_size(f"at most {MOST_LINES} lines", came)


def _of_another_size(expected: str, came: int) -> Problem:
    return Problem(422, "INVALID_CALENDAR", f"Expected {expected}, came {came}.")


def _calendars(text: str) -> list[Calendar]:
    """Zones are known by their names alone: what a file says of them would hold for all users."""
    tzp.use(KnownZones())  # anew: it remembers every name that it was ever asked for
    try:
        return Calendar.from_ical("".join(_ZONE_EDGE.split(text)[::2]), multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise Problem(422, "INVALID_CALENDAR", "The body is not an iCalendar.") from None


def body_of(component: Component) -> dict[str, Any]:
    """The body that POST /reminders would take; ValueError says why there is none."""
    _check(component)
    start = _moment(component, "DTSTART") or _moment(component, "DUE")
    if start is None:
        raise Refused("expected DTSTART or DUE with a time")
    body: dict[str, Any] = {
        "date": start.astimezone(UTC).isoformat(),
        "message": _BREAKS.sub(" ", _single(component, "SUMMARY")),
        "timeZone": _zone(start),
        "urgent": _single(component, "PRIORITY") == "1",
        **_notification(component, start),
        **_recurrence(component, start),
    }
    return {**body, "url": _single(component, "URL")} if "URL" in component else body


def _check(component: Component) -> None:
    if component.errors:
        name, reason = component.errors[0]
        raise Refused(f"{name or component.name} cannot be read: {reason}"[:200])
    for name in UNSUPPORTED:
        if name in component:
            raise Refused(f"{name} is not supported; use RRULE and EXDATE")
    status = _single(component, "STATUS").upper()
    if status in OVER:
        raise Refused(f"it is {status}; there is nothing to remind of")


def _single(component: Component, name: str) -> str:
    value = component.get(name, "")
    if isinstance(value, list):
        raise Refused(f"expected one {name}, came {len(value)}")
    return str(value)


def _moment(component: Component, name: str) -> datetime | None:
    if name not in component:
        return None
    value = getattr(component[name], "dt", None)
    if not isinstance(value, datetime):
        raise Refused(f"{name} must be one date with a time")
    if value.tzinfo is None and "TZID" in component[name].params:
        raise Refused("expected a TZID that is the name of an IANA time zone")
    # Without a zone it is a time on whichever clock; the platform's is UTC.
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _zone(start: datetime) -> str:
    name = getattr(start.tzinfo, "key", None)
    if name is None and start.tzinfo is not UTC:
        raise Refused("expected a TZID that is the name of an IANA time zone")
    return str(name or "UTC")


def _notification(component: Component, start: datetime) -> dict[str, Any]:
    """As the first alarm says."""
    alarm = next((each for each in component.subcomponents if each.name == "VALARM"), None)
    if alarm is None:
        return {"notifyOffset": 0, "notifyType": "push"}
    _check(alarm)
    by_email = _single(alarm, "ACTION").upper() == "EMAIL"
    return {"notifyOffset": _offset(alarm, start), "notifyType": "email" if by_email else "push"}


def _offset(alarm: Component, start: datetime) -> int:
    """Minutes from the alarm to the start."""
    trigger = getattr(alarm.get("TRIGGER"), "dt", None)
    if isinstance(trigger, datetime) and trigger.tzinfo:
        before = start - trigger
    elif isinstance(trigger, timedelta) and alarm["TRIGGER"].params.get("RELATED") != "END":
        before = -trigger
    else:
        raise Refused("expected an alarm's TRIGGER before the start")
    if before < timedelta(0):
        raise Refused("an alarm after the start is not supported")
    return before // timedelta(minutes=1)


def _recurrence(component: Component, start: datetime) -> dict[str, Any]:
    rule = component.get("RRULE")
    if rule is None:
        return {}
    if isinstance(rule, list):
        raise Refused("expected one RRULE, came several")
    return {"rule": rule.to_ical().decode(), "exceptDates": _except_dates(component, start)}


def _except_dates(component: Component, start: datetime) -> list[str]:
    lists = component.get("EXDATE", [])
    lists = lists if isinstance(lists, list) else [lists]
    dates = [each.dt for one in lists for each in one.dts]
    if not all(isinstance(date, datetime) for date in dates):
        raise Refused("EXDATE must be dates with a time")
    return [
        (date if date.tzinfo else date.replace(tzinfo=start.tzinfo)).astimezone(UTC).isoformat()
        for date in dates
    ]
