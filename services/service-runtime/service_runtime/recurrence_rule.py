"""Parses recurrence rules (RFC 5545 RRULE without DTSTART) and checks their limits."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any

LONGEST_RULE = 512  # characters
MOST_COUNTED = 730  # largest COUNT: two years of a daily series
LARGEST_INTERVAL = 1_440
LARGEST_CLOCK_INTERVAL = 60  # for HOURLY and MINUTELY with BYHOUR or BYMINUTE
MOST_TIMES = 24  # of BYHOUR and BYMINUTE in a day, or of BYMINUTE in an hour
MOST_PLACES = 4  # positions of BYSETPOS

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_SUB_DAILY = {"MINUTELY", "HOURLY"}
_FREQUENCIES_OF_PART = {
    "BYWEEKNO": {"YEARLY"},
    "BYYEARDAY": {"YEARLY", "HOURLY", "MINUTELY"},
    "BYMONTHDAY": set(FREQUENCIES) - {"WEEKLY"},
    "BYSETPOS": set(FREQUENCIES) - _SUB_DAILY,
}
_LISTS = {  # part: field, lowest, highest, and True if it can count from the end
    "BYMONTH": ("months", 1, 12, False),
    "BYMONTHDAY": ("month_days", 1, 31, True),
    "BYYEARDAY": ("year_days", 1, 366, True),
    "BYWEEKNO": ("weeks", 1, 53, True),
    "BYSETPOS": ("places", 1, 366, True),
    "BYHOUR": ("hours", 0, 23, False),
    "BYMINUTE": ("minutes", 0, 59, False),
}
_NUMBERS = {"COUNT": ("count", MOST_COUNTED), "INTERVAL": ("interval", LARGEST_INTERVAL)}
_PARTS = ("FREQ", *_NUMBERS, "UNTIL", "WKST", "BYDAY", *_LISTS)
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?")


class InvalidRule(ValueError):
    """Reports a recurrence rule that is invalid, or that Herald does not support."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Contains the parts of a rule; an empty tuple stands for a missing part."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None  # aware if it is in UTC, else local time
    week_start: int = 0
    weekdays: tuple[tuple[int, int], ...] = ()  # number within month or year, or 0; weekday
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()

    @property
    def counts_elapsed_time(self) -> bool:
        """Return True if occurrences have equal distances, independent of local time."""
        return self.frequency in _SUB_DAILY and not (self.hours or self.minutes)


def normal_rule(text: str) -> str:
    """Return the rule in the spelling of RFC 5545: upper case, no spaces, no outer `;`."""
    joined = re.sub(r"\s*([:;=,])\s*", r"\1", text.strip()).upper()
    return joined.removeprefix("RRULE:").strip(";")


@lru_cache(maxsize=4096)
def rule_of(text: str) -> Rule:
    """Parse a rule; raise InvalidRule with the wrong part and the accepted values."""
    parts = parts_of(text)
    fields: dict[str, Any] = {}
    for name, value in parts.items():
        fields.update(_field(name, value))
    _check_combination(parts)
    rule = Rule(**fields)
    _check_cost(rule)
    return rule


def parts_of(text: str) -> dict[str, str]:
    """Return the parts of a rule by name."""
    if len(text) > LONGEST_RULE:
        raise InvalidRule(f"A rule must have at most {LONGEST_RULE} characters; got {len(text)}.")
    parts: dict[str, str] = {}
    for part in normal_rule(text).split(";"):
        name, equals, value = part.partition("=")
        if not equals or name in parts:
            raise InvalidRule(f"A rule must have NAME=VALUE parts, each once; got {part!r}.")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        expected = ", ".join(FREQUENCIES)
        raise InvalidRule(f"FREQ must be one of {expected}; got {parts.get('FREQ')!r}.")
    return parts


def until_of(value: str) -> datetime:
    """Parse a value of UNTIL: an aware datetime if it is in UTC, else a naive local time."""
    if not (match := _UNTIL.fullmatch(value)):
        raise ValueError(value)
    day, clock, utc = match.groups()
    date = datetime.strptime(day, "%Y%m%d")
    at = datetime.strptime(clock, "%H%M%S").time() if clock else time.max
    return datetime.combine(date, at, UTC if utc else None)


def _field(name: str, value: str) -> dict[str, Any]:
    if name in _LISTS:
        return {_LISTS[name][0]: _numbers(name, value)}
    if name in _NUMBERS:
        field, most = _NUMBERS[name]
        if not re.fullmatch(r"[0-9]{1,9}", value) or not 1 <= int(value) <= most:
            raise InvalidRule(f"{name} must be a whole number from 1 to {most:,}; got {value}.")
        return {field: int(value)}
    if name == "FREQ":
        return {"frequency": value}
    if name == "BYDAY":
        return {"weekdays": _weekdays(value)}
    if name == "WKST":
        if value not in WEEKDAYS:
            raise InvalidRule(f"WKST must be one of {', '.join(WEEKDAYS)}; got {value}.")
        return {"week_start": WEEKDAYS.index(value)}
    if name == "UNTIL":
        return {"until": _until(value)}
    raise InvalidRule(f"{name} is not supported; a rule may have {', '.join(_PARTS)}.")


def _numbers(name: str, value: str) -> tuple[int, ...]:
    _, low, high, signed = _LISTS[name]
    shape = r"[+-]?[0-9]{1,3}" if signed else r"[0-9]{1,3}"
    for text in value.split(","):
        if not re.fullmatch(shape, text) or not low <= abs(int(text)) <= high:
            expected = f"from {low} to {high}" + (f", or -{high} to -{low}" if signed else "")
            raise InvalidRule(f"{name} must list whole numbers {expected}; got {value}.")
    return tuple(sorted({int(text) for text in value.split(",")}))


def _weekdays(value: str) -> tuple[tuple[int, int], ...]:
    found = [_BYDAY.fullmatch(day) for day in value.split(",")]
    if not all(day and 1 <= abs(int(day[1] or 1)) <= 53 for day in found):
        raise InvalidRule(f"BYDAY must list days such as MO, 2TU or -1FR; got {value}.")
    return tuple(sorted({(int(day[1] or 0), WEEKDAYS.index(day[2])) for day in found if day}))


def _until(value: str) -> datetime:
    try:
        return until_of(value)
    except ValueError:
        expected = "a time such as 20301231T090000Z or 20301231"
        raise InvalidRule(f"UNTIL must be {expected}; got {value}.") from None


def _check_combination(parts: dict[str, str]) -> None:
    frequency = parts["FREQ"]
    for name in parts:
        if frequency not in _FREQUENCIES_OF_PART.get(name, FREQUENCIES):
            raise InvalidRule(f"{name} cannot be used with FREQ={frequency}; remove one of them.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise InvalidRule("A rule must not have both COUNT and UNTIL; remove one of them.")
    numbered = re.search(r"\d", parts.get("BYDAY", ""))
    if numbered and (frequency not in {"MONTHLY", "YEARLY"} or "BYWEEKNO" in parts):
        raise InvalidRule(
            "A numbered BYDAY needs FREQ=MONTHLY or YEARLY without BYWEEKNO; remove the number."
        )


def _check_cost(rule: Rule) -> None:
    if len(rule.places) > MOST_PLACES:
        places = len(rule.places)
        raise InvalidRule(f"BYSETPOS must name at most {MOST_PLACES} positions; got {places}.")
    clock_times = rule.frequency in _SUB_DAILY and not rule.counts_elapsed_time
    if clock_times and rule.interval > LARGEST_CLOCK_INTERVAL:
        raise InvalidRule(
            f"INTERVAL must be at most {LARGEST_CLOCK_INTERVAL} beside BYHOUR or BYMINUTE with "
            f"FREQ={rule.frequency}; got {rule.interval}."
        )
    if rule.frequency == "MINUTELY":
        return  # BYHOUR and BYMINUTE only select minutes
    hours = 1 if rule.frequency == "HOURLY" else len(rule.hours) or 1
    if (times := hours * (len(rule.minutes) or 1)) > MOST_TIMES:
        names = "BYMINUTE" if rule.frequency == "HOURLY" else "BYHOUR × BYMINUTE"
        raise InvalidRule(f"{names} must give at most {MOST_TIMES} times; got {times}.")
