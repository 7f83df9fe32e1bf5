"""Computes the local times of a rule, from any time on.

A rule is read in units of its frequency: years (ISO 8601 years with BYWEEKNO), months, weeks or
days. Each unit is expanded completely, so that positions of BYSETPOS count from its start, even
if the series starts later in the unit.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import product

from service_runtime.recurrence_rule import Rule

LAST_YEAR = 2200  # every series ends with this year
_UNITS_OF_YEAR = {"YEARLY": 1, "MONTHLY": 12, "WEEKLY": 53}  # other frequencies: 366 days
_EMPTY_YEARS = 60  # years without a time after which a rule has ended; 29 February can take 40
_DAY = timedelta(days=1)


def wall_clock_times(
    rule: Rule, start: datetime, after: datetime, end: datetime
) -> Iterator[datetime]:
    """Yield the times of the rule, from about `after` to the end of the unit of `end`."""
    rule, first, stride = _complete(rule, start), max(start, after), _stride(rule)
    base = _unit_of(rule, start.date())
    unit = base + max(0, _unit_of(rule, first.date()) - base) // stride * stride
    last = _unit_of(rule, min(end, datetime(LAST_YEAR, 12, 31)).date())
    empty, most_empty = 0, _EMPTY_YEARS * _UNITS_OF_YEAR.get(rule.frequency, 366)
    while unit <= last and empty < most_empty:
        empty += 1
        for time in _times_of_unit(rule, unit, start):
            if time >= first:
                empty = 0
                yield time
        unit = _next_unit(rule, unit, base)


def is_chosen(rule: Rule, day: int) -> bool:
    """Return True if the BY parts choose the day; numbered weekdays count in the month or year."""
    moment = date.fromordinal(day)
    if rule.months and moment.month not in rule.months:
        return False
    if rule.month_days:
        length = monthrange(moment.year, moment.month)[1]
        if not {moment.day, moment.day - length - 1} & set(rule.month_days):
            return False
    if rule.year_days:
        from_end = day - date(moment.year + 1, 1, 1).toordinal()
        if not {moment.timetuple().tm_yday, from_end} & set(rule.year_days):
            return False
    return not rule.weekdays or _is_chosen_weekday(rule, day, moment)


def _is_chosen_weekday(rule: Rule, day: int, moment: date) -> bool:
    numbers = [number for number, weekday in rule.weekdays if weekday == moment.weekday()]
    if not numbers or 0 in numbers:
        return bool(numbers)
    if rule.frequency == "MONTHLY" or rule.months:
        before, length = moment.day - 1, monthrange(moment.year, moment.month)[1]
    else:
        before = day - date(moment.year, 1, 1).toordinal()
        length = date(moment.year + 1, 1, 1).toordinal() - day + before
    return before // 7 + 1 in numbers or -((length - 1 - before) // 7 + 1) in numbers


@lru_cache(maxsize=4096)
def _complete(rule: Rule, start: datetime) -> Rule:
    """Add the day of the start to a rule that names no days."""
    fields = {name: getattr(rule, name) for name in rule.__slots__}
    weekday = ((0, start.weekday()),)
    if rule.frequency == "WEEKLY" or (
        rule.weeks and not (rule.month_days or rule.year_days or rule.weekdays)
    ):
        fields["weekdays"] = rule.weekdays or weekday
    elif rule.frequency in {"MONTHLY", "YEARLY"} and not (
        rule.weekdays or rule.month_days or rule.year_days or rule.weeks
    ):
        fields["month_days"] = (start.day,)
        if rule.frequency == "YEARLY":
            fields["months"] = rule.months or (start.month,)
    return Rule(**fields)


def _unit_of(rule: Rule, day: date) -> int:
    """Return the number of the unit that contains the day."""
    if rule.frequency == "YEARLY":
        return _week_year(rule, day.toordinal()) if rule.weeks else day.year
    if rule.frequency == "MONTHLY":
        return day.year * 12 + day.month - 1
    if rule.frequency == "WEEKLY":
        return (day.toordinal() - 1 - rule.week_start) // 7
    return day.toordinal()


def _stride(rule: Rule) -> int:
    """Return the distance of two units; intervals of hours and minutes count within the day."""
    return 1 if rule.frequency in {"HOURLY", "MINUTELY"} else rule.interval


def _next_unit(rule: Rule, unit: int, base: int) -> int:
    """Return the next unit; daily rules skip months that the rule does not choose."""
    unit += _stride(rule)
    if rule.frequency in _UNITS_OF_YEAR or not rule.months:
        return unit
    day = date.fromordinal(unit)
    if day.month in rule.months:
        return unit
    next_month = (day.replace(day=1) + 31 * _DAY).replace(day=1).toordinal()
    return next_month + (base - next_month) % _stride(rule)


def _times_of_unit(rule: Rule, unit: int, start: datetime) -> Iterator[datetime]:
    if rule.frequency in _UNITS_OF_YEAR:
        days = _days_of_unit(rule, unit)
    else:
        days = (unit,) if is_chosen(rule, unit) else ()
    times = (
        datetime.fromordinal(day) + time for day in days for time in _times_of_day(rule, day, start)
    )
    if not rule.places:
        return times
    every = list(times)
    numbers = {place - 1 if place > 0 else len(every) + place for place in rule.places}
    return (every[number] for number in sorted(numbers) if 0 <= number < len(every))


@lru_cache(maxsize=512)
def _days_of_unit(rule: Rule, unit: int) -> tuple[int, ...]:
    return tuple(day for day in _candidates(rule, unit) if is_chosen(rule, day))


def _candidates(rule: Rule, unit: int) -> Iterator[int]:
    if rule.frequency == "YEARLY" and rule.weeks:
        return _days_of_weeks(rule, unit)
    if rule.frequency == "YEARLY":
        months = rule.months or range(1, 13)
        return (day for month in months for day in _days_of_month(rule, unit, month))
    if rule.frequency == "MONTHLY":
        return _days_of_month(rule, unit // 12, unit % 12 + 1)
    first = unit * 7 + 1 + rule.week_start
    return iter(range(first, first + 7))


def _days_of_month(rule: Rule, year: int, month: int) -> Iterator[int]:
    length = monthrange(year, month)[1]
    before = date(year, month, 1).toordinal() - 1
    if not rule.month_days:
        return iter(range(before + 1, before + length + 1))
    named = {day if day > 0 else length + 1 + day for day in rule.month_days}
    return (before + day for day in sorted(named) if 1 <= day <= length)


def _days_of_weeks(rule: Rule, year: int) -> Iterator[int]:
    first, following = _first_week(rule, year), _first_week(rule, year + 1)
    count = (following - first) // 7
    numbers = {week if week > 0 else count + 1 + week for week in rule.weeks}
    weeks = sorted(week for week in numbers if 1 <= week <= count)
    return (first + 7 * (week - 1) + day for week in weeks for day in range(7))


def _first_week(rule: Rule, year: int) -> int:
    """Return the first day of week 1, which has at least four days in the year (ISO 8601)."""
    fourth = date(year, 1, 4).toordinal()
    return fourth - (fourth - 1 - rule.week_start) % 7


def _week_year(rule: Rule, day: int) -> int:
    year = date.fromordinal(day).year
    if day < _first_week(rule, year):
        return year - 1
    return year + (day >= _first_week(rule, year + 1))


def _times_of_day(rule: Rule, day: int, start: datetime) -> list[timedelta]:
    """Return the times since midnight; hours and minutes default to those of the start."""
    rest = timedelta(seconds=start.second, microseconds=start.microsecond)
    clock = product(_hours(rule, day, start), _minutes(rule, start))
    numbers: Iterable[int] = (hour * 60 + minute for hour, minute in clock)
    if rule.frequency == "MINUTELY":
        first = start.toordinal() * 1440 + start.hour * 60 + start.minute
        numbers = (
            number for number in numbers if (day * 1440 + number - first) % rule.interval == 0
        )
    return [timedelta(minutes=number) + rest for number in numbers]


def _hours(rule: Rule, day: int, start: datetime) -> Iterable[int]:
    if rule.frequency == "HOURLY":
        first, every = start.toordinal() * 24 + start.hour, rule.hours or range(24)
        return [hour for hour in every if (day * 24 + hour - first) % rule.interval == 0]
    return rule.hours or (range(24) if rule.frequency == "MINUTELY" else (start.hour,))


def _minutes(rule: Rule, start: datetime) -> Iterable[int]:
    return rule.minutes or (range(60) if rule.frequency == "MINUTELY" else (start.minute,))
