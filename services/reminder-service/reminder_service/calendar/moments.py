"""Reads the dates of an iCalendar file: with a zone, floating, in UTC, or whole days."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from reminder_service.calendar.components import Part, Property
from reminder_service.calendar.values import date_value, duration_value
from reminder_service.calendar.zones import Zone, Zones

IN_UTC = Zone("UTC", "UTC")


@dataclass(frozen=True)
class Moment:
    """Represents a local time in a zone; for a whole day, its start."""

    local: datetime
    zone: Zone
    is_day: bool = False

    @property
    def instant(self) -> datetime:
        return self.zone.instant(self.local)

    def plus(self, duration: timedelta) -> "Moment":
        return Moment(self.local + duration, self.zone, self.is_day)


def read_moment(prop: Property, zones: Zones) -> Moment:
    return moments_of(prop, zones, prop.value)


def moments_of(prop: Property, zones: Zones, value: str) -> Moment:
    """Return the moments of one value of a property that may list several."""
    try:
        read = date_value(value)
        if isinstance(read, datetime):
            if read.tzinfo:  # a Z takes precedence over a TZID
                return Moment(read.replace(tzinfo=None), IN_UTC)
            return _in_range(prop, Moment(read, zones.of(prop)))
        if isinstance(read, date):
            return _in_range(prop, Moment(datetime.combine(read, time()), zones.own, is_day=True))
    except (ValueError, OverflowError) as error:
        raise prop.unreadable(str(error)) from None
    raise prop.unreadable(f"expected a date, with or without a time; got {value[:80]!r}")


def duration_of(prop: Property) -> timedelta:
    try:
        return duration_value(prop.value)
    except (ValueError, OverflowError) as error:
        raise prop.unreadable(str(error)) from None


def end_of(part: Part, start: Moment, zones: Zones) -> Moment:
    """Return the DUE of a to-do, the DTEND of an event, or the start plus DURATION."""
    if end := part.only("DUE" if part.kind == "VTODO" else "DTEND"):
        return read_moment(end, zones)
    if duration := part.only("DURATION"):
        return start.plus(duration_of(duration))
    return start.plus(timedelta(days=1)) if start.is_day and part.kind == "VEVENT" else start


def _in_range(prop: Property, moment: Moment) -> Moment:
    if not 2 < moment.local.year < 9_998:
        raise prop.unreadable(f"the year {moment.local.year} is out of range")
    return moment
