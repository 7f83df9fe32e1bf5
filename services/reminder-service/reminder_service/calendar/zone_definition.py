"""Reads a VTIMEZONE (RFC 5545, 3.6.5) within limits: yearly rules, one year at a time."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from dateutil.rrule import rrulestr

from reminder_service.calendar.components import Part, Property, Unreadable
from reminder_service.calendar.values import date_with_time, offset_value

MOST_RULES = 100  # in all zones of a file
MOST_OBSERVANCES = 500  # in a zone
MOST_DATES = 500  # in a zone
_YEARLY = re.compile(
    r"FREQ=YEARLY(;(INTERVAL=1|BYMONTH=[\d,]{1,30}|BYDAY=[-+\d,A-Z]{2,30}|BYMONTHDAY=[-\d,]{1,99}"
    r"|WKST=[A-Z]{2}))*"
)
_UNTIL = re.compile(r";?UNTIL=(\d{8}(T\d{6}Z?)?)")


@dataclass(frozen=True)
class Observance:
    """Represents a STANDARD or DAYLIGHT part; `after` is the offset after each onset."""

    start: datetime  # like the dates, in local time with the offset `before`
    before: timedelta
    after: timedelta
    rule: str | None
    until: datetime  # in UTC
    dates: tuple[datetime, ...]

    def onsets(self, year: int) -> list[datetime]:
        """Return the onsets of the year, in UTC."""
        local = [date for date in (self.start, *self.dates) if date.year == year]
        if self.rule and self.start.year <= year <= self.until.year:
            local += [date for date in _yearly(self.rule, self.start, year) if date > self.start]
        onsets = ((date - self.before).replace(tzinfo=UTC) for date in local)
        return sorted(onset for onset in onsets if onset <= self.until)

    def last_before(self, year: int) -> datetime | None:
        """Return the last onset before the year, or None."""
        last = max((date for date in (self.start, *self.dates) if date.year < year), default=None)
        years = {last.year} if last else set()
        if self.rule:
            years = {min(year - 1, self.until.year), min(year - 2, self.until.year - 1)}
        return max((onset for each in years for onset in self.onsets(each)), default=None)


@dataclass(frozen=True)
class Definition:
    """Contains the offsets of a zone as the file defines them."""

    observances: tuple[Observance, ...]
    _years: dict[int, tuple[list[datetime], list[timedelta]]] = field(
        default_factory=dict, compare=False
    )

    def offset_at(self, moment: datetime) -> timedelta:
        if moment.year not in self._years:
            self._years[moment.year] = self._changes(moment.year)
        changes, offsets = self._years[moment.year]
        return offsets[bisect_right(changes, moment)]

    def offset_on_clock(self, local: datetime) -> timedelta:
        """Return the offset of a local time: the earlier offset if it is ambiguous or missing."""
        moment = local.replace(tzinfo=UTC)
        offsets = {one.after for one in self.observances} | {one.before for one in self.observances}
        for offset in sorted(offsets, reverse=True):
            if self.offset_at(moment - offset) == offset:
                return offset
        return self.offset_at(moment - max(offsets))

    def _changes(self, year: int) -> tuple[list[datetime], list[timedelta]]:
        """Return the changes up to the end of the year, with the offsets before and after."""
        changes = [
            (onset, one.after)
            for one in self.observances
            for onset in (*one.onsets(year), one.last_before(year))
            if onset is not None
        ]
        changes.sort()
        first = min(self.observances, key=lambda one: one.start).before
        return [onset for onset, _ in changes], [first, *(after for _, after in changes)]


def read_definition(part: Part, rules_left: list[int]) -> Definition | None:
    """Parse a VTIMEZONE; return None if it only names the zone."""
    observances = list(part.of_kind("STANDARD", "DAYLIGHT"))
    if len(observances) > MOST_OBSERVANCES:
        raise _unreadable(part, f"expected at most {MOST_OBSERVANCES} changes of offset")
    dates_left = [MOST_DATES]
    found = tuple(_observance(one, rules_left, dates_left) for one in observances)
    return Definition(found) if found else None


def _observance(part: Part, rules_left: list[int], dates_left: list[int]) -> Observance:
    start, before, after = (
        _required(part, name) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO")
    )
    rule, until = _rule(part, rules_left)
    try:
        found = Observance(
            start=_clock(start.value),
            before=offset_value(before.value),
            after=offset_value(after.value),
            rule=rule,
            until=until,
            dates=tuple(_dates(part, dates_left)),
        )
        found.onsets(found.start.year)  # raises an error for an unsupported rule
    except (ValueError, TypeError, OverflowError) as error:
        raise _unreadable(part, str(error)) from None
    return found


def _required(part: Part, name: str) -> Property:
    found = part.first(name)
    if found is None:
        raise _unreadable(part, f"expected {name}")
    return found


def _rule(part: Part, rules_left: list[int]) -> tuple[str | None, datetime]:
    found, forever = part.first("RRULE"), datetime.max.replace(tzinfo=UTC)
    if found is None:
        return None, forever
    rules_left[0] -= 1
    if rules_left[0] < 0:
        raise _unreadable(part, f"expected at most {MOST_RULES} rules in the zones of a file")
    text = found.value.upper().replace(" ", "").strip(";")
    until = _UNTIL.search(text)
    rule = _UNTIL.sub("", text)
    if not _YEARLY.fullmatch(rule):
        raise _unreadable(part, f"expected a yearly RRULE; got {text[:80]}")
    return rule, _end(until[1]) if until else forever


def _end(until: str) -> datetime:
    """Return the last moment of a rule; a local UNTIL counts one day longer."""
    day = datetime.strptime(until[:8], "%Y%m%d").replace(tzinfo=UTC)
    if not until.endswith("Z"):
        return day + timedelta(days=1)
    return datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _dates(part: Part, dates_left: list[int]) -> Iterator[datetime]:
    for found in part.all("RDATE"):
        dates_left[0] -= found.value.count(",") + 1
        if dates_left[0] < 0:
            raise ValueError(f"expected at most {MOST_DATES} dates")
        yield from map(_clock, found.value.split(","))


def _clock(value: str) -> datetime:
    """Return a local time, even if it is written with a Z."""
    return date_with_time(value).replace(tzinfo=None)


@lru_cache(maxsize=1_024)
def _yearly(rule: str, start: datetime, year: int) -> tuple[datetime, ...]:
    if "BY" in rule:
        first = start.replace(year=year, month=1, day=1)
    elif (start.month, start.day) == (2, 29):
        raise ValueError("expected the month and day of a yearly change")
    else:
        first = start.replace(year=year)
    begin, end = datetime(year, 1, 1), datetime(year, 12, 31, 23, 59, 59)
    return tuple(rrulestr(rule, dtstart=first).between(begin, end, inc=True))


def _unreadable(part: Part, reason: str) -> Unreadable:
    parent = part.parent if part.kind != "VTIMEZONE" else part
    tzid = parent.text("TZID")[:80] if parent else ""
    detail = f"The VTIMEZONE {tzid!r} cannot be read: {reason}"[:300]
    return Unreadable("UNREADABLE_TIME_ZONE", detail, part.line)
