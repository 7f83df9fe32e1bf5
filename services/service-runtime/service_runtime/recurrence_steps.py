"""Rules by the day, the hour or the minute: equal steps, of which the BY parts choose some.

Which days of a year are chosen depends on its first weekday and its length alone, and steps come
back to the same times of day after some days. So each day is looked at once, and a rule that
chooses few steps or none costs no more than others; dateutil, which tries step after step, took
seconds.
"""

from calendar import isleap
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import product
from math import gcd

from dateutil.rrule import rrulestr

from service_runtime.recurrence_rule import WEEKDAYS

STEPS_OF_A_DAY = {"DAILY": 1, "HOURLY": 24, "MINUTELY": 24 * 60}
_DAY = timedelta(days=1)
_YEARS_OF_KIND = {(isleap(year), date(year, 1, 1).weekday()): year for year in range(2000, 2028)}


def chosen_steps(
    parts: Mapping[str, str], start: datetime, first: datetime, end: int
) -> Iterator[datetime]:
    """The rule's wall-clock times from `first` until the begin of the year `end`."""
    step = _DAY / STEPS_OF_A_DAY[parts["FREQ"]]
    period, steps = _steps_by_day(parts, start)
    times = _chosen_places(parts, times_of_step(parts, start))
    if not (steps and times):
        return
    for day in _chosen_days(_day_rule(parts), first, end):
        midnight = datetime.fromordinal(day)
        for number in steps.get(day % period, ()):
            begin = midnight + number * step
            if begin + step > first:
                yield from (begin + time for time in times if begin + time >= first)


def _steps_by_day(parts: Mapping[str, str], start: datetime) -> tuple[int, dict[int, list[int]]]:
    """After how many days steps fall alike, and the steps of each of those days."""
    whole, interval = STEPS_OF_A_DAY[parts["FREQ"]], int(parts.get("INTERVAL", 1))
    common = gcd(whole, interval)
    period = interval // common
    inverse = pow(whole // common, -1, period)
    midnight = datetime.combine(start, datetime.min.time())
    first = start.toordinal() * whole + (start - midnight) // (_DAY / whole)
    found: dict[int, list[int]] = defaultdict(list)
    for number in _chosen_numbers(parts):
        # On which days does the step come, that is, (day * whole + number - first) % interval == 0?
        apart, rest = divmod(first - number, common)
        if rest == 0:
            found[apart * inverse % period].append(number)
    return period, dict(found)


def _chosen_numbers(parts: Mapping[str, str]) -> list[int]:
    """The steps of a day that BYHOUR and BYMINUTE choose, if they all came."""
    hours, minutes = _named(parts, "BYHOUR", *range(24)), _named(parts, "BYMINUTE", *range(60))
    if parts["FREQ"] == "DAILY":
        return [0]
    if parts["FREQ"] == "HOURLY":
        return hours
    return [hour * 60 + minute for hour, minute in product(hours, minutes)]


def _named(parts: Mapping[str, str], name: str, *default: int) -> list[int]:
    return sorted({int(one) for one in parts[name].split(",")}) if name in parts else [*default]


def times_of_step(parts: Mapping[str, str], start: datetime) -> list[timedelta]:
    """The times of a step, or of its day, since the begin; the start's unless others are named."""
    frequency = parts["FREQ"]
    hours = [0] if frequency in {"HOURLY", "MINUTELY"} else _named(parts, "BYHOUR", start.hour)
    minutes = [0] if frequency == "MINUTELY" else _named(parts, "BYMINUTE", start.minute)
    seconds = _named(parts, "BYSECOND", start.second)
    fraction = timedelta(microseconds=start.microsecond)
    return [
        timedelta(hours=hour, minutes=minute, seconds=second) + fraction
        for hour, minute, second in product(hours, minutes, seconds)
    ]


def _chosen_places(parts: Mapping[str, str], times: list[timedelta]) -> list[timedelta]:
    if "BYSETPOS" not in parts:
        return times
    places = {int(place) for place in parts["BYSETPOS"].split(",")}
    count = len(times)
    return [time for at, time in enumerate(times) if at + 1 in places or at - count in places]


def _day_rule(parts: Mapping[str, str]) -> str:
    """The rule of the days of one year that the rule chooses."""
    given = {name: parts[name] for name in ("BYMONTH", "BYMONTHDAY", "BYYEARDAY") if name in parts}
    by_day = parts.get("BYDAY", ",".join(WEEKDAYS))  # else the rule would take its start's day
    chosen = {"FREQ": "YEARLY", "INTERVAL": "9999", "BYDAY": by_day, **given}
    return ";".join(f"{name}={value}" for name, value in chosen.items())


def _chosen_days(rule: str, anchor: datetime, end: int) -> Iterator[int]:
    """The ordinals of the days."""
    first = anchor.toordinal()
    for year in range(anchor.year, end):
        new_year = date(year, 1, 1)
        before = new_year.toordinal()
        for day in _days_of_year(rule, isleap(year), new_year.weekday()):
            if before + day >= first:
                yield before + day


@lru_cache(maxsize=1024)
def _days_of_year(rule: str, leap: bool, weekday: int) -> tuple[int, ...]:
    """The days, from 0, of a year that begins on the weekday."""
    new_year = datetime(_YEARS_OF_KIND[leap, weekday], 1, 1)
    return tuple((day - new_year).days for day in rrulestr(rule, dtstart=new_year))
