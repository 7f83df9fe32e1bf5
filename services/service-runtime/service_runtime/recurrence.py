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

from service_runtime.recurrence_expansion import expand
from service_runtime.recurrence_rule import InvalidRule, parts_of, until_of

__all__ = ["InvalidRule", "Series", "check_rule", "zone_of"]

# How far an instant's local time may lie from the rule's: zones have skipped a whole day. In that
# time, no zone has changed its clock twice within nine hours.
_GAP_HOURS = (0, 9, 18, 27)
_CLOSEST = timedelta(seconds=0.5)  # occurrences are a second apart or more
_COUNTED = 400  # years that a COUNT is followed for


@dataclass(frozen=True)
class Series:
    """A start and, when it repeats, the rule and the zone whose wall clock it follows."""

    start: datetime
    rule: str | None = None
    time_zone: str = "UTC"
    except_dates: tuple[datetime, ...] = ()

    def after(self, moment: datetime) -> datetime | None:
        """The first occurrence later than `moment`, or None when the series has ended."""
        start, moment = self.start.astimezone(UTC), moment.astimezone(UTC)
        if self.rule is None:
            return start if start > moment and start not in self.except_dates else None
        zone = zone_of(self.time_zone)
        first, until = _wall_clock(start, zone), _until(self.rule, zone)
        best, best_wall_clock = None, until.wall_clock
        for local in _local_times(self.rule, first, max(start, moment), zone):
            # A time that was moved over a gap can pass a later one, so look that far ahead.
            if local > best_wall_clock:
                break
            found = start if local == first else _instant(local, zone)
            allowed = start <= found <= until.instant and found not in self.except_dates
            if found > moment and allowed and (best is None or found < best):
                best, best_wall_clock = found, min(_wall_clock(found, zone), until.wall_clock)
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


def _local_times(rule: str, start: datetime, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The rule's times on the wall clock, from those on whose instant may be `after`."""
    parts = parts_of(rule)
    last = _last_counted(rule, start) if "COUNT" in parts else datetime.max
    for local in expand(parts, start, _wall_clock(after, zone) - _gap_before(after, zone)):
        if local > last:
            return
        yield local


def _gap_before(moment: datetime, zone: ZoneInfo) -> timedelta:
    """By how much clocks may have gone forward so shortly before that times were moved after it."""
    before = [moment - timedelta(hours=hours) for hours in _GAP_HOURS]
    offsets = [_wall_clock(one, zone) - one.replace(tzinfo=None) for one in before]
    return max(offsets) - min(offsets)


@lru_cache(maxsize=4096)
def _last_counted(rule: str, start: datetime) -> datetime:
    """The wall clock of a counted rule's last occurrence; no end when it is centuries away."""
    parts = parts_of(rule)
    left, last = int(parts["COUNT"]), datetime.min
    # An expansion may end before the count does.
    while left and (
        found := list(islice(_later(expand(parts, start, max(start, last)), last), left))
    ):
        left -= len(found)
        last = found[-1]
        if left and last.year - start.year > _COUNTED:
            return datetime.max
    return last


def _later(times: Iterator[datetime], moment: datetime) -> Iterator[datetime]:
    return (time for time in times if time > moment)
