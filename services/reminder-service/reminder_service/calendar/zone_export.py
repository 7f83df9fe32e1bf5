"""Writes an IANA zone as a VTIMEZONE whose rules do not end (RFC 5545, 3.6.5).

Past changes are listed. A yearly change becomes a rule from its first year. The definitions of the
icalendar library end in 2037.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from service_runtime.recurrence_rule import WEEKDAYS

FIRST_YEAR, LAST_YEAR = 1970, 2120  # dates of reminders start in the first
REPEATED = range(LAST_YEAR - 28, LAST_YEAR)  # weekdays repeat after 28 years
_LOCAL = "%Y%m%dT%H%M%S"
_STEP = timedelta(days=5)  # no zone changes twice within it


@dataclass(frozen=True)
class Change:
    moment: datetime  # in UTC
    before: timedelta
    after: timedelta
    name: str

    @property
    def local(self) -> datetime:
        """Return the local time with the offset before the change."""
        return self.moment.replace(tzinfo=None) + self.before


@cache
def zone_definition(name: str) -> bytes:
    """Return the lines of the VTIMEZONE, which a process computes once per zone."""
    lines = ["BEGIN:VTIMEZONE", f"TZID:{name}", *_observances(ZoneInfo(name)), "END:VTIMEZONE"]
    return "\r\n".join([*lines, ""]).encode()


def _observances(zone: ZoneInfo) -> Iterator[str]:
    begin = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    offset, name = _state(begin, zone)
    changes = [Change(begin, offset, offset, name), *_changes(zone)]
    for pattern in dict.fromkeys(_pattern(one) for one in changes if one.moment.year in REPEATED):
        repeated = _unbroken([change for change in changes if _pattern(change) == pattern])
        changes = [change for change in changes if change not in repeated]
        yield from _observance(repeated[0], f"RRULE:{_rule(repeated)}")
    kinds = dict.fromkeys((one.before, one.after, one.name) for one in changes)
    for kind in kinds:
        first, *later = (one for one in changes if (one.before, one.after, one.name) == kind)
        yield from _observance(first, *(f"RDATE:{one.local:{_LOCAL}}" for one in later))


def _pattern(change: Change) -> tuple[object, ...]:
    """Return the values that are equal each year for a change by a rule."""
    local = change.local
    return local.month, local.weekday(), local.time(), change.before, change.after, change.name


def _unbroken(changes: list[Change]) -> list[Change]:
    """Return the last changes that follow year by year and are in the same week."""
    days = [one.local.day for one in changes if one.local.year in REPEATED]
    kept: list[Change] = []
    for change in reversed(changes):
        is_next = not kept or kept[-1].local.year - change.local.year == 1
        if not is_next or not min(days) <= change.local.day <= max(days):
            break
        kept.append(change)
    return kept[::-1]


def _rule(changes: list[Change]) -> str:
    """Return a rule with a numbered weekday if possible, because some programs need it."""
    days = [one.local.day for one in changes if one.local.year in REPEATED]
    month, first, last = changes[-1].local.month, min(days), max(days)
    day = WEEKDAYS[changes[-1].local.weekday()]
    rule = f"FREQ=YEARLY;BYMONTH={month};BYDAY="
    if first % 7 == 1:
        return f"{rule}{first // 7 + 1}{day}"
    if last == monthrange(2001, month)[1]:
        return f"{rule}-1{day}"
    return f"{rule}{day};BYMONTHDAY={','.join(map(str, range(first, last + 1)))}"


def _observance(change: Change, *more: str) -> Iterator[str]:
    kind = "DAYLIGHT" if change.after > change.before else "STANDARD"
    yield f"BEGIN:{kind}"
    yield f"DTSTART:{change.local:{_LOCAL}}"
    yield f"TZOFFSETFROM:{_offset(change.before)}"
    yield f"TZOFFSETTO:{_offset(change.after)}"
    yield f"TZNAME:{change.name}"
    yield from more
    yield f"END:{kind}"


def _offset(offset: timedelta) -> str:
    sign, rest = ("-", -offset) if offset < timedelta() else ("+", offset)
    hours, seconds = divmod(int(rest.total_seconds()), 3_600)
    minutes, seconds = divmod(seconds, 60)
    return f"{sign}{hours:02}{minutes:02}" + (f"{seconds:02}" if seconds else "")


def _changes(zone: ZoneInfo) -> Iterator[Change]:
    moment, end = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    while moment < end:
        following = moment + _STEP
        if _state(moment, zone) != _state(following, zone):
            yield _change(moment, following, zone)
        moment = following


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> Change:
    """Return the change between two moments, to the second."""
    before = _state(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _state(middle, zone) == before:
            low = middle
        else:
            high = middle
    return Change(high, before[0], *_state(high, zone))


def _state(moment: datetime, zone: ZoneInfo) -> tuple[timedelta, str]:
    local = moment.astimezone(zone)
    return local.utcoffset() or timedelta(), local.tzname() or ""
