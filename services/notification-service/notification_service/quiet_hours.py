"""Computes quiet hours: windows in the local time of a user.

A window starts on each of its days. It ends on the same day, or on the next day if its end is not
later than its start. When clocks change, a window is as long as local time permits: an ambiguous
time starts it at the first and ends it at the second moment. A missing time counts as the moment at
which it was skipped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
WEEK = 7 * 24 * 60  # minutes
LEAST_FREE = 60  # minutes in a row per week, so that deferred notifications arrive
LONGEST = timedelta(days=21)  # a change of clocks can remove the only free hour of a week

_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class QuietWindow:
    days: tuple[str, ...]  # of DAYS; start of the window
    begin: time
    end: time

    @property
    def overnight(self) -> bool:
        return self.end <= self.begin

    @property
    def minutes(self) -> int:
        """Return the length in minutes on a day without a change of clocks."""
        length = minute_of(self.end) - minute_of(self.begin)
        return length + 24 * 60 if self.overnight else length

    def of_day(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """Return start and end of the window on this day, or None."""
        if DAYS[day.weekday()] not in self.days:
            return None
        last = day + _DAY if self.overnight else day
        begin, end = datetime.combine(day, self.begin), datetime.combine(last, self.end)
        return instant_of(begin, zone, fold=0), instant_of(end, zone, fold=1)


def quiet_until(
    windows: Sequence[QuietWindow], zone: ZoneInfo, moment: datetime
) -> datetime | None:
    """Return the end of the quiet time that includes the moment, or None.

    Windows that touch or overlap are one.
    """
    end = moment
    while end - moment < LONGEST and (later := _end_of_one(windows, zone, end)):
        end = later
    return end.astimezone(UTC) if end > moment else None


def free_minutes(windows: Sequence[QuietWindow]) -> int:
    """Return the longest free time of a week in minutes."""
    weeks = bytearray(4 * WEEK)
    for window in windows:
        for day in window.days:
            begin = DAYS.index(day) * 24 * 60 + minute_of(window.begin)
            for minute in range(begin, 3 * WEEK, WEEK):
                weeks[minute : minute + window.minutes] = bytes((1,)) * window.minutes
    # A free time can continue in the next week, and a window can start in the last week.
    return min(WEEK, max(map(len, weeks[WEEK : 3 * WEEK].split(b"\1"))))


def instant_of(local: datetime, zone: ZoneInfo, *, fold: int) -> datetime:
    """Return the moment at which local time skips a time, or shows it.

    `fold` is 0 for the first and 1 for the last of two moments.
    """
    if is_valid_time(local, zone):
        return local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    return _skip_moment(local, zone)


def is_valid_time(local: datetime, zone: ZoneInfo) -> bool:
    there_and_back = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    return there_and_back.replace(tzinfo=None) == local


def minute_of(wall_clock: time) -> int:
    return wall_clock.hour * 60 + wall_clock.minute


def _end_of_one(
    windows: Sequence[QuietWindow], zone: ZoneInfo, moment: datetime
) -> datetime | None:
    """Return the latest end of the windows that include the moment, or None."""
    today = moment.astimezone(zone).date()
    days = [today + _DAY * offset for offset in range(-3, 2)]  # some zones have skipped a day
    found = (window.of_day(day, zone) for window in windows for day in days)
    ends = [one[1] for one in found if one and one[0] <= moment < one[1]]
    return max(ends, default=None)


@lru_cache(maxsize=4096)
def _skip_moment(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, to the second, at which clocks skip a local time."""
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            after = middle
    return after
