"""An iCalendar (RFC 5545) as the bodies of new reminders: its VEVENTs and VTODOs.

What a reminder cannot be is refused for each component by itself: dates without a time,
several rules, added dates (RDATE), changed single occurrences (RECURRENCE-ID).
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from icalendar import Calendar, Component
from service_runtime.problems import Problem

from reminder_service.fields import LONGEST_MESSAGE

MOST_COMPONENTS = 1_000
UNSUPPORTED = ("RDATE", "RECURRENCE-ID", "EXRULE")

Refused = ValueError


def components_of(content: bytes) -> list[Component]:
    """The events and to-dos of a calendar; the reason why there are none otherwise."""
    try:
        calendars = Calendar.from_ical(content.decode(), multiple=True)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise Problem(422, "INVALID_CALENDAR", "The body is not an iCalendar.") from None
    found = [
        component
        for calendar in calendars
        if calendar.name == "VCALENDAR"
        for component in calendar.subcomponents
        if component.name in ("VEVENT", "VTODO")
    ]
    if not 1 <= len(found) <= MOST_COMPONENTS:
        detail = f"Expected 1 to {MOST_COMPONENTS} events and to-dos, came {len(found)}."
        raise Problem(422, "INVALID_CALENDAR", detail)
    return found


def body_of(component: Component) -> dict[str, Any]:
    """The body that POST /reminders would take; ValueError says why there is none."""
    if component.errors:
        name, reason = component.errors[0]
        raise Refused(f"{name or component.name} cannot be read: {reason}"[:200])
    for name in UNSUPPORTED:
        if name in component:
            raise Refused(f"{name} is not supported; use RRULE and EXDATE")
    start = _moment(component, "DTSTART") or _moment(component, "DUE")
    if start is None:
        raise Refused("expected DTSTART or DUE with a time")
    alarm = next((each for each in component.subcomponents if each.name == "VALARM"), None)
    body: dict[str, Any] = {
        "date": start.astimezone(UTC).isoformat(),
        "message": _message(component),
        "timeZone": _zone(start),
        "notifyOffset": _offset(component, alarm, start) if alarm else 0,
        "notifyType": "email" if alarm and str(alarm.get("ACTION")) == "EMAIL" else "push",
        "urgent": str(component.get("PRIORITY", 0)) == "1",
        **_recurrence(component, start),
    }
    return {**body, "url": str(component["URL"])} if "URL" in component else body


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


def _message(component: Component) -> str:
    text = " ".join(str(component.get("SUMMARY", "")).split())
    if len(text) > LONGEST_MESSAGE:
        raise Refused(f"SUMMARY has more than {LONGEST_MESSAGE} characters")
    return text


def _offset(component: Component, alarm: Component, start: datetime) -> int:
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
