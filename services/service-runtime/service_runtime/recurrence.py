"""When a series occurs: an RFC 5545 rule, expanded on the wall clock of an IANA time zone.

A rule is expanded in local time and each local time is then given its instant, so that
"every day at 09:00" stays 09:00 through daylight saving:

- a local time that does not exist (clocks go forward) moves forward by the gap;
- a local time that occurs twice (clocks go back) means the first of the two;
- the 29th to 31st are skipped in months that lack them, as RFC 5545 says;
- the start decides what the rule leaves open (time of day, weekday, day of month); a start
  that the rule itself does not produce is not an occurrence;
- COUNT counts occurrences that exception dates later remove; UNTIL includes its own moment, and
  an UNTIL without a time includes its whole day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from service_runtime.recurrence_rule import WEEKDAYS, InvalidRule, parts_of, until_of

__all__ = ["InvalidRule", "Series", "check_rule", "zone_of"]

# How far an instant's local time may lie from the rule's: zones have skipped a whole day.
_LARGEST_GAP = timedelta(hours=26)
_CLOSEST = timedelta(seconds=0.5)  # occurrences are a second apart or more
_STEPS = {
    "MINUTELY": timedelta(minutes=1),
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
}
_PLAIN_PARTS = {"FREQ", "INTERVAL", "WKST", "COUNT", "UNTIL"}
_LAST_YEAR = 9990  # leaves room for zones and gaps before the last, 9999
_DAY_PARTS = {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"}


@dataclass(frozen=True)
class Series:
    """A start and, when it repeats, the rule and the zone whose wall clock it follows."""

    start: datetime
    rule: str | None = None
    time_zone: str = "UTC"
    except_dates: tuple[datetime, ...] = ()

    def after(self, moment: datetime) -> datetime | None:
        """The first occurrence later than `moment`, or None when the series has ended."""
        start = self.start.astimezone(UTC)
        if self.rule is None:
            return start if start > moment and start not in self.except_dates else None
        zone = zone_of(self.time_zone)
        until = _until(self.rule, zone)
        best: datetime | None = None
        for local in _local_times(self.rule, _wall_clock(start, zone), _wall_clock(moment, zone)):
            # A time that was moved over a gap can pass a later one, so look that far ahead.
            if local > until.wall_clock or (best and local > _wall_clock(best, zone)):
                break
            found = start if local == _wall_clock(start, zone) else _instant(local, zone)
            allowed = found >= start and found <= until.instant and found not in self.except_dates
            if found > moment and allowed:
                best = min(best or found, found)
        return best

    def all_after(self, moment: datetime) -> Iterator[datetime]:
        """Every occurrence later than `moment`, in order."""
        while found := self.after(moment):
            yield found
            moment = found

    def until(self, moment: datetime) -> datetime | None:
        """The last occurrence that is not later than `moment`, or None when there is none."""
        before, beyond = self.start.astimezone(UTC) - _CLOSEST, moment
        last: datetime | None = None
        while beyond > before:
            middle = before + (beyond - before) / 2 if beyond - before > _CLOSEST else before
            found = self.after(middle)
            if found and found <= moment:
                before = last = found
            else:
                beyond = middle
        return last

    def first_due(
        self, offset: timedelta, since: datetime, handled: datetime | None = None
    ) -> datetime | None:
        """The occurrence to announce next, `offset` before it, of a series written at `since`.

        Of a rule, the first that is announced later than `since`; a single date is announced
        even when that moment has passed, so that lateness never loses it. Neither is announced
        when it is not later than `handled`.
        """
        if self.rule is None:
            return self.after(handled) if handled else self.start.astimezone(UTC)
        return self.after(max(since + offset, handled or since + offset))


def check_rule(series: Series) -> None:
    """Refuse a zone or a rule that cannot be read, and a rule that never occurs."""
    zone_of(series.time_zone)
    if series.rule is not None and series.after(series.start - timedelta(seconds=1)) is None:
        raise InvalidRule(f"The rule {series.rule!r} never occurs after its start; change it.")


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidRule(f"Expected the name of an IANA time zone, came {name!r}.") from None


@dataclass(frozen=True)
class _Until:
    """The end of a rule, as far as the rule names it."""

    instant: datetime = datetime.max.replace(tzinfo=UTC)
    wall_clock: datetime = datetime.max


def _until(rule: str, zone: ZoneInfo) -> _Until:
    if not (value := parts_of(rule).get("UNTIL")):
        return _Until()
    until = until_of(value)
    if until.tzinfo is None:
        return _Until(wall_clock=until)
    return _Until(until, _wall_clock(until, zone))


def _wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    # With fold=0 a time in a gap keeps the earlier offset, which moves it forward by the gap,
    # and a time that occurs twice is the first.
    return local.replace(tzinfo=zone).astimezone(UTC)


def _local_times(rule: str, start: datetime, after: datetime) -> Iterator[datetime]:
    """The rule's times on the wall clock, beginning some way before `after`."""
    parts = parts_of(rule)
    last = _last_counted(rule, start) if "COUNT" in parts else None
    anchor = _anchor(parts, start, after - _LARGEST_GAP)
    for local in _expand(parts, start, anchor):
        if last and local > last:
            return
        yield local


@lru_cache(maxsize=4096)
def _last_counted(rule: str, start: datetime) -> datetime:
    """The wall clock of a counted rule's last occurrence."""
    parts = parts_of(rule)
    left, last, anchor = int(parts["COUNT"]), datetime.min, start
    while left and (found := list(islice(_later(_expand(parts, start, anchor), last), left))):
        left -= len(found)
        last = found[-1]
        anchor = _anchor(parts, start, last)  # an expansion may end before the count does
    return last


def _later(times: Iterator[datetime], moment: datetime) -> Iterator[datetime]:
    return (time for time in times if time > moment)


def _complete(parts: dict[str, str], start: datetime) -> str:
    """The rule as text, without its end, and with the days that it leaves to its start."""
    given = {name: value for name, value in parts.items() if name not in {"COUNT", "UNTIL"}}
    frequency, by_day = given["FREQ"], _DAY_PARTS & given.keys()
    if frequency in {"MONTHLY", "YEARLY"} and not by_day:
        given["BYMONTHDAY"] = str(start.day)
        if frequency == "YEARLY":
            given.setdefault("BYMONTH", str(start.month))
    if by_day == {"BYWEEKNO"}:
        given["BYDAY"] = WEEKDAYS[start.weekday()]
    return ";".join(f"{name}={value}" for name, value in given.items())


def _anchor(parts: dict[str, str], start: datetime, after: datetime) -> datetime:
    """A time in step with the start and a whole interval before `after`, to expand from.

    Without it the next occurrence of an old series would cost its whole history.
    """
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", 1))
    if after <= start:
        return start
    if step := _STEPS.get(frequency):
        steps = (after - start) // (step * interval) - 1
        return start + max(steps, 0) * step * interval
    months = interval * (12 if frequency == "YEARLY" else 1)
    passed = (after.year - start.year) * 12 + after.month - start.month
    steps = passed // months - 1
    if steps <= 0:
        return start
    years, month = divmod(start.month - 1 + steps * months, 12)
    month = 1 if frequency == "YEARLY" else month + 1
    return start.replace(year=start.year + years, month=month, day=1)


def _expand(parts: dict[str, str], start: datetime, anchor: datetime) -> Iterator[datetime]:
    """The rule's wall-clock times from `anchor` on, for at least a century."""
    step = _STEPS.get(parts["FREQ"])
    if step and parts.keys() <= _PLAIN_PARTS:
        return _expand_steps(step * int(parts.get("INTERVAL", 1)), anchor)
    return _expand_rule(_complete(parts, start), anchor)


def _expand_steps(step: timedelta, anchor: datetime) -> Iterator[datetime]:
    """Most rules only name a step, which needs no calendar."""
    while anchor.year < _LAST_YEAR:
        yield anchor
        anchor += step


def _expand_rule(rule: str, anchor: datetime) -> Iterator[datetime]:
    # The calendar repeats every 400 years. Expanding near its last year, 9999, bounds the
    # search for the next time of a rule that never occurs.
    shift = (9899 - anchor.year) // 400 * 400
    fraction = timedelta(microseconds=anchor.microsecond)
    shifted = anchor.replace(year=anchor.year + shift, microsecond=0)
    try:
        expanded = rrulestr(rule, dtstart=shifted)
    except ValueError:
        return  # an interval that never meets the hours or minutes that are named
    for local in expanded:
        if local.year - shift >= _LAST_YEAR:
            return
        yield local.replace(year=local.year - shift) + fraction
