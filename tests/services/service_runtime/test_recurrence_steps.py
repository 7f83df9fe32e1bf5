"""Steps that BY parts choose, beside a walk through every step."""

from datetime import datetime, time, timedelta
from itertools import product, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_runtime.recurrence_rule import WEEKDAYS
from service_runtime.recurrence_steps import chosen_steps

SPANS = {"DAILY": 1_500, "HOURLY": 150, "MINUTELY": 4}  # days to walk through
STEPS = {
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
}
WITHIN = {
    "DAILY": ("hour", "minute", "second"),
    "HOURLY": ("minute", "second"),
    "MINUTELY": ("second",),
}


def walked(parts, start, first, end):
    """What RFC 5545 says, step by step."""
    step = STEPS[parts["FREQ"]] * int(parts.get("INTERVAL", 1))
    within = WITHIN[parts["FREQ"]]
    at, found = start, []
    while at < end:
        values = [numbers(parts, f"BY{name.upper()}") or {getattr(at, name)} for name in within]
        if chosen_day(parts, at) and chosen_time(parts, at, within):
            times = sorted(
                at.replace(**dict(zip(within, one, strict=True))) for one in product(*values)
            )
            found += [one for one in placed(parts, times) if first <= one < end]
        at += step
    return found


def numbers(parts, name):
    return {int(one) for one in parts.get(name, "").split(",") if one}


def chosen_day(parts, at):
    next_month = (at.replace(day=1) + timedelta(days=32)).replace(day=1)
    year = (at.replace(month=1, day=1), at.replace(year=at.year + 1, month=1, day=1))
    named = {
        "BYMONTH": {at.month},
        "BYMONTHDAY": {at.day, (at.date() - next_month.date()).days},
        "BYYEARDAY": {(at.date() - year[0].date()).days + 1, (at.date() - year[1].date()).days},
    }
    weekdays = parts.get("BYDAY", ",".join(WEEKDAYS)).split(",")
    chosen = all(numbers(parts, name) & values for name, values in named.items() if name in parts)
    return chosen and WEEKDAYS[at.weekday()] in weekdays


def chosen_time(parts, at, within):
    others = {"hour", "minute"} - set(within)
    return all(
        getattr(at, name) in (numbers(parts, f"BY{name.upper()}") or {getattr(at, name)})
        for name in others
    )


def placed(parts, times):
    places = numbers(parts, "BYSETPOS")
    return [one for at, one in enumerate(times) if not places or {at + 1, at - len(times)} & places]


def some(*values, most=4):
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(
        lambda chosen: ",".join(map(str, chosen))
    )


DAY_PARTS = {
    "BYMONTH": some(*range(1, 13), most=9),
    "BYMONTHDAY": some(*range(1, 32), *range(-31, 0), most=20),
    "BYDAY": some(*WEEKDAYS),
}
YEAR_DAYS = {"BYYEARDAY": some(*range(1, 367), *range(-366, 0), most=300)}
TIME_PARTS = {
    "BYHOUR": some(*range(24)),
    "BYMINUTE": some(*range(60)),
    "BYSECOND": some(*range(60)),
}


@st.composite
def rules(draw):
    frequency = draw(st.sampled_from(sorted(SPANS)))
    own = {"BYSETPOS": some(1, 2, 3, -1, -2)} if frequency == "DAILY" else YEAR_DAYS
    optional = DAY_PARTS | TIME_PARTS | own
    names = draw(st.lists(st.sampled_from(sorted(optional)), min_size=1, max_size=4, unique=True))
    interval = draw(st.one_of(st.integers(1, 60), st.integers(1, 3_000)))
    return {"FREQ": frequency, "INTERVAL": str(interval)} | {
        name: draw(optional[name]) for name in names
    }


@settings(max_examples=200, deadline=None)
@given(
    parts=rules(),
    start=st.datetimes(datetime(1996, 1, 1), datetime(2104, 1, 1)),
    ahead=st.floats(-0.5, 0.9),
)
def test_the_same_steps_are_chosen_as_by_walking_through_all(parts, start, ahead):
    span = timedelta(days=SPANS[parts["FREQ"]])
    end, first = datetime.combine(start + span, time.min), max(start, start + ahead * span)
    found = takewhile(lambda one: one < end, chosen_steps(parts, start, first, end.year + 1))
    assert list(found) == walked(parts, start, first, end)


@pytest.mark.parametrize("frequency", sorted(SPANS))
def test_the_search_ends_before_the_year_that_is_named(frequency):
    parts = {"FREQ": frequency, "BYMONTH": "2", "BYMONTHDAY": "29"}
    start = datetime(2097, 1, 1, 9)
    assert list(chosen_steps(parts, start, start, 2104)) == []
    assert next(chosen_steps(parts, start, start, 2105)).date().isoformat() == "2104-02-29"
