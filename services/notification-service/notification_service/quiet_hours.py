"""Quiet hours: windows on the wall clock of a user's time zone.

A window begins on each of its days and ends on the same day, or on the next one when its end is
not later than its begin. Where clocks change, a window begins as early and ends as late as the
wall clock lets it: a time that occurs twice begins it at the first and ends it at the second,
and in the place of a time that does not exist is the moment at which it was skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
WEEK = 7 * 24 * 60  # minutes
LEAST_FREE = 60  # minutes in a row, once a week, so that what is deferred arrives one day
LONGEST = timedelta(days=21)  # a change of clocks can swallow a week's only free hour

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class QuietWindow:
    days: tuple[str, ...]  # of DAYS, on which it begins
    begin: time
    end: time

    @property
    def overnight(self) -> bool:
        return self.end <= self.begin

    @property
    def minutes(self) -> int:
        """Its length on a day without a change of clocks."""
        length = minute_of(self.end) - minute_of(self.begin)
        return length + 24 * 60 if self.overnight else length

    def of_day(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """From when to when it is quiet, if the window begins on this day."""
        if DAYS[day.weekday()] not in self.days:
            return None
        last = day + _DAY if self.overnight else day
        begin, end = datetime.combine(day, self.begin), datetime.combine(last, self.end)
        return first_instant(begin, zone), last_instant(end, zone)


def quiet_until(
    windows: Sequence[QuietWindow], zone: ZoneInfo, moment: datetime
) -> datetime | None:
    """When it stops being quiet, or None when it is not quiet at that moment.

    Windows that touch or overlap are one.
    """
    end = moment
    while end - moment < LONGEST and (later := _end_of_one(windows, zone, end)):
        end = later
    return end.astimezone(UTC) if end > moment else None


def free_minutes(windows: Sequence[QuietWindow]) -> int:
    """The longest stretch of a week, in minutes, that is not quiet."""
    weeks = bytearray(4 * WEEK)
    for window in windows:
        for day in window.days:
            begin = DAYS.index(day) * 24 * 60 + minute_of(window.begin)
            for minute in range(begin, 3 * WEEK, WEEK):
                weeks[minute : minute + window.minutes] = bytes((1,)) * window.minutes
    # A stretch may go on into the next week, and a window may come from the last.
    return min(WEEK, max(map(len, weeks[WEEK : 3 * WEEK].split(b"\1"))))


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """When the wall clock first shows a time, or skips it."""
    if exists(local, zone):
        return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return _skipped_at(local, zone)


def last_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """When the wall clock last shows a time, or skips it."""
    if exists(local, zone):
        return local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _skipped_at(local, zone)


def exists(local: datetime, zone: ZoneInfo) -> bool:
    there_and_back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there_and_back.replace(tzinfo=None) == local


def minute_of(wall_clock: time) -> int:
    return wall_clock.hour * 60 + wall_clock.minute


def _end_of_one(
    windows: Sequence[QuietWindow], zone: ZoneInfo, moment: datetime
) -> datetime | None:
    """The latest end of those windows that hold the moment."""
    today = moment.astimezone(zone).date()
    days = [today + _DAY * offset for offset in range(-3, 2)]  # some zones have skipped a day
    found = (window.of_day(day, zone) for window in windows for day in days)
    ends = [one[1] for one in found if one and one[0] <= moment < one[1]]
    return max(ends, default=None)


@lru_cache(maxsize=4096)
def _skipped_at(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment, to the second, at which the clock goes past a local time that it never shows."""
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            after = middle
    return after
