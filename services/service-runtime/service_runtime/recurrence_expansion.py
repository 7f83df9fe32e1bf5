"""A rule's times on the wall clock, from any time on.

Without a time to begin from, the next occurrence of an old series would cost its whole history.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from dateutil.rrule import rrulestr

from service_runtime.recurrence_rule import WEEKDAYS
from service_runtime.recurrence_steps import STEPS_OF_A_DAY, chosen_steps, times_of_step

_STEPS = {
    "MINUTELY": timedelta(minutes=1),
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
}
_DAY = timedelta(days=1)
_PLAIN_PARTS = {"FREQ", "INTERVAL", "WKST", "COUNT", "UNTIL"}
_DAY_PARTS = {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"}
_TIME_PARTS = {"BYHOUR", "BYMINUTE", "BYSECOND"}
_SEARCHED = 100  # years; a rule that has no time in so many has ended
_LAST_YEAR = 9990  # leaves room for zones and gaps before the last, 9999


def expand(parts: Mapping[str, str], start: datetime, after: datetime) -> Iterator[datetime]:
    """Its wall-clock times, but for its end, from `after` or a little before on, for a century."""
    first, anchor = max(start, after), _anchor(parts, start, after)
    step = _STEPS.get(parts["FREQ"])
    if step and parts.keys() <= _PLAIN_PARTS:
        return _plain_steps(step * int(parts.get("INTERVAL", 1)), anchor)
    if parts["FREQ"] in STEPS_OF_A_DAY:
        return chosen_steps(parts, start, first, min(first.year + _SEARCHED, _LAST_YEAR))
    return _by_calendar(parts, start, first, anchor)


def _anchor(parts: Mapping[str, str], start: datetime, after: datetime) -> datetime:
    """A time in step with the start and a whole interval before `after`."""
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


def _plain_steps(step: timedelta, anchor: datetime) -> Iterator[datetime]:
    """Most rules only name a step, which needs no calendar."""
    while anchor.year < _LAST_YEAR:
        yield anchor
        anchor += step


def _by_calendar(
    parts: Mapping[str, str], start: datetime, first: datetime, anchor: datetime
) -> Iterator[datetime]:
    """Of weeks, months and years: which days, and each with the times that the rule names."""
    rule, times = _complete(parts, start), times_of_step(parts, start)
    origin = anchor.replace(microsecond=0)
    if "BYSETPOS" in parts:  # which chooses among times, too
        times = [timedelta(microseconds=start.microsecond)]
    else:
        rule = {name: value for name, value in rule.items() if name not in _TIME_PARTS}
        origin = origin.replace(hour=0, minute=0, second=0)
    for day in _by_rule(rule, origin):
        if day + _DAY > first:
            yield from (day + time for time in times if day + time >= first)


def _complete(parts: Mapping[str, str], start: datetime) -> dict[str, str]:
    """The rule without its end, and with the days that it leaves to its start."""
    given = {name: value for name, value in parts.items() if name not in {"COUNT", "UNTIL"}}
    frequency, by_day = given["FREQ"], _DAY_PARTS & given.keys()
    if frequency in {"MONTHLY", "YEARLY"} and not by_day:
        given["BYMONTHDAY"] = str(start.day)
        if frequency == "YEARLY":
            given.setdefault("BYMONTH", str(start.month))
    if by_day == {"BYWEEKNO"}:
        given["BYDAY"] = WEEKDAYS[start.weekday()]
    return given


def _by_rule(parts: Mapping[str, str], anchor: datetime) -> Iterator[datetime]:
    # The calendar repeats every 400 years. Expanding near its last year, 9999, bounds the
    # search for the next time of a rule that hardly ever occurs.
    if not _is_possible(_text({**parts, "INTERVAL": "1"})):
        return
    shift = (9899 - anchor.year) // 400 * 400
    shifted = anchor.replace(year=anchor.year + shift)
    for local in rrulestr(_text(parts), dtstart=shifted):
        if local.year - shift >= _LAST_YEAR:
            return
        yield local.replace(year=local.year - shift)


@lru_cache(maxsize=4096)
def _is_possible(rule: str) -> bool:
    """Whether the rule occurs in any of the last 28 years, which begin and end on all weekdays."""
    return next(iter(rrulestr(rule, dtstart=datetime(9972, 1, 1))), None) is not None


def _text(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={value}" for name, value in parts.items())
