"""Finds the time zones of an iCalendar file.

A TZID is a name within its file. If the file has a VTIMEZONE with that name, its definition counts.
It is mapped to an IANA zone with the same offsets, so that a series follows later changes of the
zone. Without a definition, the name must be an IANA or Windows zone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, cached_property
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from service_runtime.bodies import time_zone_names

from reminder_service.calendar.components import Part, Property, Unreadable
from reminder_service.calendar.zone_definition import Definition, read_definition

LONGEST_TZID = 200  # characters
YEARS_COMPARED = 5  # from the current year
EARLIER_YEARS = 5  # a definition that was correct in one of them is an old version of the zone
_ALIASES = {"tzone://microsoft/utc": "UTC", "z": "UTC", "utc": "UTC"}


@dataclass(frozen=True)
class Zone:
    """Represents a zone of the file: an IANA zone, or a definition without a matching zone."""

    tzid: str
    name: str | None
    definition: Definition | None = None

    def instant(self, local: datetime) -> datetime:
        if self.name is not None:
            return local.replace(tzinfo=_iana(self.name)).astimezone(UTC)
        assert self.definition is not None
        return (local - self.definition.offset_on_clock(local)).replace(tzinfo=UTC)


@dataclass
class Zones:
    """Finds zones by name in one calendar; `default` is the zone of the user."""

    calendar: Part
    default: str
    year: int
    rules_left: list[int]  # zones and rules that may still be read, for the whole file
    is_requested: bool = False  # True if the request names the default
    _zones: dict[str, Zone] = field(default_factory=dict)

    def of(self, prop: Property) -> Zone:
        """Return the zone of a date property; without a TZID, that of the calendar."""
        tzid = prop.parameter("TZID").strip().strip('"')
        if not tzid:
            return self.own
        zone = self._find(tzid)
        if zone is None:
            detail = (
                f"Expected a TZID that the file defines by a VTIMEZONE, or the name of an IANA or "
                f"Windows time zone; got {tzid[:LONGEST_TZID]!r}."
            )
            raise Unreadable("UNKNOWN_TIME_ZONE", detail, prop.line.number)
        return zone

    @property
    def own(self) -> Zone:
        """Return the zone of times without a zone."""
        if self.is_requested:
            return Zone("", self.default)
        named = self.calendar.first("X-WR-TIMEZONE")
        return (self._find(named.text.strip()) if named else None) or Zone("", self.default)

    def _find(self, tzid: str) -> Zone | None:
        if tzid not in self._zones:
            definition = self._definition(tzid)
            name = self._fitting(tzid, definition) if definition else iana_name(tzid)
            if name is None and definition is None:
                return None
            self._zones[tzid] = Zone(tzid, name, definition)
        return self._zones[tzid]

    def _definition(self, tzid: str) -> Definition | None:
        part = self._definitions.get(tzid)
        if part is None:
            return None
        self.rules_left[0] -= 1
        return read_definition(part, self.rules_left)

    @cached_property
    def _definitions(self) -> dict[str, Part]:
        return {
            part.text("TZID").strip().strip('"'): part
            for part in self.calendar.of_kind("VTIMEZONE")
        }

    def _fitting(self, tzid: str, definition: Definition) -> str | None:
        """Return the IANA zone with the offsets of the definition, or None."""
        wanted = _offsets(definition, self.year, YEARS_COMPARED)
        same = iana_name(tzid)
        if same and _is_old(same, definition, self.year):
            return same
        calendar = iana_name(self.calendar.text("X-WR-TIMEZONE").strip())
        preferred = [name for name in (same, calendar, self.default) if name]
        return next((name for name in (*preferred, *_all_names()) if _agrees(name, wanted)), None)


def iana_name(text: str) -> str | None:
    """Return the IANA zone of a name without a definition."""
    if not text or len(text) > LONGEST_TZID:
        return None
    name = text.casefold()
    names = _names()
    if name.startswith("/"):  # RFC 5545, 3.8.3.1: prefix of a registry, then the name
        parts = name.strip("/").split("/")
        tails = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((names[tail] for tail in tails if tail in names), None)
    return names.get(name)


@cache
def _names() -> dict[str, str]:
    windows = {name.casefold(): zone for name, zone in WINDOWS_TO_OLSON.items()}
    return windows | _ALIASES | {name.casefold(): name for name in time_zone_names()}


@cache
def _iana(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def _weeks(year: int, years: int) -> Iterator[datetime]:
    """Return a moment in the middle of each week, because clocks change at weekends."""
    moment, end = datetime(year, 1, 3, 12, tzinfo=UTC), datetime(year + years, 1, 1, tzinfo=UTC)
    moment += timedelta(days=(2 - moment.weekday()) % 7)
    while moment < end:
        yield moment
        moment += timedelta(weeks=1)


def _offsets(definition: Definition, year: int, years: int) -> list[tuple[datetime, timedelta]]:
    return [(moment, definition.offset_at(moment)) for moment in _weeks(year, years)]


def _agrees(name: str, offsets: Iterable[tuple[datetime, timedelta]]) -> bool:
    zone = _iana(name)
    return all(moment.astimezone(zone).utcoffset() == offset for moment, offset in offsets)


def _is_old(name: str, definition: Definition, year: int) -> bool:
    """Return True if the definition is that of the zone before a change of law."""
    return any(
        _agrees(name, _offsets(definition, earlier, 1))
        for earlier in range(year - EARLIER_YEARS, year)
    )


@cache
def _all_names() -> list[str]:
    """Return all zone names, zones of Windows first."""
    names = time_zone_names()
    representative = [zone for zone in WINDOWS_TO_OLSON.values() if zone in names]
    return list(dict.fromkeys(["UTC", *representative, *sorted(names)]))
