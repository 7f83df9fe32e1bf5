"""Random rules, and rules that users have reported, beside a slow reading of RFC 5545."""

import json
from datetime import datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from service_runtime.recurrence import InvalidRule, Series, check_rule
from service_runtime.recurrence_rule import rule_of

from tests.services.service_runtime.brute_force_recurrence import instant_of, occurrences

REPORTED = json.loads((Path(__file__).parent / "reported_rules.json").read_text())
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]
SPANS = {"YEARLY": 1500, "MONTHLY": 500, "WEEKLY": 400, "DAILY": 200, "HOURLY": 12, "MINUTELY": 4}
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(values: Any, most: int = 3) -> Any:
    chosen = st.lists(st.sampled_from(list(values)), min_size=1, max_size=most, unique=True)
    return chosen.map(lambda values: ",".join(map(str, values)))


def signed(most: int) -> list[int]:
    return [*range(1, most + 1), *range(-most, 0)]


NUMBERED = [f"{number}{day}" for number in (1, 2, 5, -1, -2) for day in DAYS]
PLACES = some([1, 2, 3, 5, -1, -2], 3)
MONTHS, WEEKDAYS = some(range(1, 13)), some(DAYS)
OPTIONAL: dict[str, dict[str, Any]] = {
    "YEARLY": {
        "BYMONTH": MONTHS,
        "BYMONTHDAY": some(signed(31)),
        "BYYEARDAY": some(signed(366)),
        "BYWEEKNO": some(signed(53)),
        "BYDAY": some(NUMBERED + DAYS),
        "BYSETPOS": PLACES,
    },
    "MONTHLY": {
        "BYMONTH": MONTHS,
        "BYMONTHDAY": some(signed(31)),
        "BYDAY": some(NUMBERED + DAYS),
        "BYSETPOS": PLACES,
    },
    "WEEKLY": {"BYMONTH": MONTHS, "BYDAY": WEEKDAYS, "BYSETPOS": PLACES},
    "DAILY": {
        "BYMONTH": MONTHS,
        "BYMONTHDAY": some(signed(31), 9),
        "BYDAY": WEEKDAYS,
        "BYSETPOS": PLACES,
    },
    "HOURLY": {"BYMONTHDAY": some(signed(31), 20), "BYDAY": WEEKDAYS},
    "MINUTELY": {"BYMONTHDAY": some(signed(31), 20), "BYDAY": WEEKDAYS},
}
ANY = {"BYHOUR": some(range(24), 4), "BYMINUTE": some(range(60)), "WKST": st.sampled_from(DAYS)}


@st.composite
def rules(draw: Any) -> str:
    frequency = draw(st.sampled_from(sorted(OPTIONAL)))
    optional = OPTIONAL[frequency] | ANY
    names = draw(st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True))
    parts = {"FREQ": frequency} | {name: draw(optional[name]) for name in names}
    parts["INTERVAL"] = str(draw(st.sampled_from([1, 1, 2, 3, 5, 45])))
    if draw(st.booleans()):
        parts["COUNT"] = str(draw(st.integers(1, 20)))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@settings(max_examples=250)
@given(
    rule=rules(),
    zone=st.sampled_from(ZONES),
    start=st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)).map(
        lambda wall: wall.replace(second=0, microsecond=0)
    ),
)
def test_random_rules_give_the_same(rule: str, zone: str, start: datetime) -> None:
    try:
        frequency = rule_of(rule).frequency
    except InvalidRule:
        return
    clock, days = ZoneInfo(zone), SPANS[frequency]
    start = instant_of(start, clock).astimezone(clock).replace(tzinfo=None, fold=0)
    end = instant_of(datetime.combine(start.date(), datetime.min.time()) + timedelta(days), clock)
    series = Series(instant_of(start, clock), rule, zone)
    found = takewhile(lambda one: one < end, series.all_after(series.start - timedelta(seconds=1)))
    expected = occurrences(rule, start, zone, days)
    assert list(found) == expected
    if expected:
        middle = expected[len(expected) // 2]
        assert series.until(middle) == middle
        assert series.after(middle - timedelta(seconds=1)) == middle


@pytest.mark.parametrize("row", REPORTED["rows"], ids=lambda row: str(row["rrule"]))
def test_reported_rules_give_the_right_dates(row: dict[str, Any]) -> None:
    zone = ZoneInfo(row["tzid"])
    start, *exceptions = (
        datetime.fromisoformat(text).replace(tzinfo=zone)
        for text in (row["dtstart"], *row["exdates"])
    )
    series = Series(start, row["rrule"], row["tzid"], tuple(exceptions))
    count = len(row["expected"]) + row["complete"]
    found = islice(series.all_after(start - timedelta(seconds=1)), count)
    assert [one.astimezone(zone).isoformat() for one in found] == row["expected"], row["why"]


@pytest.mark.parametrize("row", REPORTED["to_refuse"], ids=lambda row: str(row["part"]))
def test_refusals_name_the_part(row: dict[str, str]) -> None:
    start = datetime(2030, 1, 4, 9, tzinfo=ZoneInfo("UTC"))
    with pytest.raises(InvalidRule, match=f"^{row['part']} "):
        check_rule(Series(start, row["rrule"]))
