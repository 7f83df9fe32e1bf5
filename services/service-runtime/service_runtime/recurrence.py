"""Computes the occurrences of an RFC 5545 rule on the wall clock of an IANA time zone.

A rule is expanded in local time, and each local time is then converted to an instant. So
"every day at 09:00" stays 09:00 through daylight saving:

- a local time that does not exist (clocks go forward) moves forward by the gap;
- a local time that occurs twice (clocks go back) means the first of the two;
- HOURLY and MINUTELY rules without BYHOUR and BYMINUTE count elapsed time instead;
- the 29th to 31st are skipped in months that lack them, as RFC 5545 says;
- the start sets the time of day, weekday or day of month if the rule does not; a start that
  the rule does not produce is not an occurrence;
- COUNT includes occurrences that exception dates remove; UNTIL includes its own moment, and
  an UNTIL without a time includes its whole day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from service_runtime.recurrence_days import LAST_YEAR, is_chosen, wall_clock_times
from service_runtime.recurrence_rule import InvalidRule, Rule, rule_of

# Hours before a moment to check for a gap: zones have skipped a whole day, and none has changed
# its clock twice within nine hours.
_GAP_HOURS = (0, 9, 18, 27)
_CLOSEST = timedelta(seconds=0.5)  # occurrences are at least a minute apart
_DAY = timedelta(days=1)
_MOST_SEARCHED = 22_000  # steps or days in a row without an occurrence: 60 years
_COMPARED = 60  # occurrences whose distances are compared
_END_OF_TIME = datetime(LAST_YEAR, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Series:
    """Combines a start with the rule and time zone of its repetitions, if any.

    `last` is the last occurrence of a rule with COUNT, so that the search needs no counting.
    """

    start: datetime
    rule: str | None = None
    time_zone: str = "UTC"
    except_dates: tuple[datetime, ...] = ()
    last: datetime | None = None

    def after(self, moment: datetime) -> datetime | None:
        """Return the next occurrence after `moment`, or None when the series has ended."""
        start, moment = self.start.astimezone(UTC), moment.astimezone(UTC)
        if self.rule is None:
            return start if start > moment and start not in self.except_dates else None
        rule, zone = rule_of(self.rule), zone_of(self.time_zone)
        last = self._last(rule, zone)
        if moment >= last:
            return None
        if rule.counts_elapsed_time:
            times = _elapsed_times(rule, start, moment, min(last, _END_OF_TIME), zone)
            return next((time for time in times if self._has(time, moment, last)), None)
        return self._first_on_wall_clock(rule, zone, moment, last)

    def all_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield every occurrence later than `moment`, in order."""
        while occurrence := self.after(moment):
            yield occurrence
            moment = occurrence

    def until(self, moment: datetime) -> datetime | None:
        """Return the last occurrence that is not later than `moment`, or None."""
        before, beyond = self.start.astimezone(UTC) - _CLOSEST, moment
        last: datetime | None = None
        while beyond > before:
            middle = before + (beyond - before) / 2 if beyond - before > _CLOSEST else before
            occurrence = self.after(middle)
            if occurrence and occurrence <= moment:
                before = last = occurrence
            else:
                beyond = middle
        return last

    def counted_end(self) -> datetime | None:
        """Return the last occurrence of a rule with COUNT, None for other series."""
        rule = rule_of(self.rule) if self.rule else None
        if rule is None or rule.count is None:
            return None
        return _counted_end(rule, self.start.astimezone(UTC), self.time_zone)

    def first_due(
        self, offset: timedelta, since: datetime, handled: datetime | None = None
    ) -> datetime | None:
        """Return the next occurrence to announce, or None; it is announced `offset` before.

        For a rule, this is the first occurrence that is announced after `since`, the last change
        of the schedule. A single date is announced even if `since` is later, so that a delay
        never loses it. Occurrences up to `handled` are not announced.
        """
        if self.rule is None:
            return self.after(handled) if handled else self.start.astimezone(UTC)
        return self.after(max(since + offset, handled or since + offset))

    def _last(self, rule: Rule, zone: ZoneInfo) -> datetime:
        if rule.until is not None:
            return rule.until if rule.until.tzinfo else _latest_instant(rule.until, zone)
        return self.last or self.counted_end() or _END_OF_TIME

    def _first_on_wall_clock(
        self, rule: Rule, zone: ZoneInfo, moment: datetime, last: datetime
    ) -> datetime | None:
        start = self.start.astimezone(UTC)
        first, since = wall_clock(start, zone), max(start, moment)
        best, end = None, wall_clock(last, zone)
        if rule.until is not None and rule.until.tzinfo is None:
            end = min(end, rule.until)
        since_local = wall_clock(since, zone) - _gap_before(since, zone)
        for local in wall_clock_times(rule, first, since_local, end):
            # A time that moved over a gap can pass a later time, so the search continues to `end`.
            if local > end:
                break
            instant = start if local == first else instant_of(local, zone)
            if start <= instant and self._has(instant, moment, last):
                if not best or instant < best:
                    best, end = instant, min(wall_clock(instant, zone), end)
        return best

    def _has(self, occurrence: datetime, moment: datetime, last: datetime) -> bool:
        return moment < occurrence <= last and occurrence not in self.except_dates


def check_rule(series: Series) -> None:
    """Raise InvalidRule if the zone or the rule is invalid, or if the rule never occurs."""
    zone_of(series.time_zone)
    if series.rule is not None and series.after(series.start - timedelta(seconds=1)) is None:
        raise InvalidRule(f"The rule {series.rule} never occurs after its start; change it.")


def shortest_gap(series: Series) -> timedelta | None:
    """Return the shortest time between two of the first 60 occurrences, or None."""
    first = islice(series.all_after(series.start - timedelta(seconds=1)), _COMPARED)
    return min((later - earlier for earlier, later in pairwise(first)), default=None)


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidRule(f"timeZone must be an IANA time zone name; got {name!r}.") from None


def wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time of a moment in the zone, as a naive datetime."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def local_time_of(
    occurrence: datetime | None, rule: str | None, time_zone: str | None
) -> datetime | None:
    """Return the local time of an occurrence, or None if the rule does not use local time."""
    if occurrence is None or not rule or not time_zone or rule_of(rule).counts_elapsed_time:
        return None
    return wall_clock(occurrence, zone_of(time_zone))


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, of a local time in the zone."""
    # With fold=0, a time in a gap keeps the earlier offset, which moves it forward by the gap.
    # A time that occurs twice means the first.
    return local.replace(tzinfo=zone).astimezone(UTC)


def find_new_instant(moment: datetime, local: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the moment of a local time, or None if the stored moment is still at that time."""
    return None if wall_clock(moment, zone) == local else instant_of(local, zone)


def _latest_instant(local: datetime, zone: ZoneInfo) -> datetime:
    if local >= datetime(LAST_YEAR, 12, 31):
        return _END_OF_TIME
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _gap_before(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Return the time by which clocks went forward in the 27 hours before a moment."""
    before = [moment - timedelta(hours=hours) for hours in _GAP_HOURS]
    offsets = [wall_clock(instant, zone) - instant.replace(tzinfo=None) for instant in before]
    return max(offsets) - min(offsets)


def _elapsed_times(
    rule: Rule, start: datetime, after: datetime, last: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    """Yield the steps of hours or minutes on chosen days, from about `after` to `last`."""
    step = timedelta(hours=1) if rule.frequency == "HOURLY" else timedelta(minutes=1)
    step *= rule.interval
    time, searched = start + max(0, (after - start) // step) * step, 0
    while time <= last and searched < _MOST_SEARCHED:
        day = wall_clock(time, zone).toordinal()
        if is_chosen(rule, day):
            searched = 0
            yield time
            time += step
            continue
        while not is_chosen(rule, day := day + 1) and searched < _MOST_SEARCHED:
            searched += 1
        searched += 1
        chosen = max(time + step, instant_of(datetime.fromordinal(day), zone))
        time = start - (start - chosen) // step * step


@lru_cache(maxsize=4096)
def _counted_end(rule: Rule, start: datetime, time_zone: str) -> datetime:
    """Return the last occurrence of a rule with COUNT, at most the end of the calendar."""
    assert rule.count
    zone = zone_of(time_zone)
    if rule.counts_elapsed_time:
        before = start - timedelta(seconds=1)
        elapsed = list(islice(_elapsed_times(rule, start, before, _END_OF_TIME, zone), rule.count))
        return max(elapsed) if len(elapsed) == rule.count else _END_OF_TIME
    first = wall_clock(start, zone)
    times = wall_clock_times(rule, first, first, datetime(LAST_YEAR, 12, 31))
    counted = list(islice(times, rule.count))
    if len(counted) < rule.count:
        return _END_OF_TIME
    return max(start if time == first else instant_of(time, zone) for time in counted[-3:])
