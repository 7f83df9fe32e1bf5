"""The text of a recurrence rule (RFC 5545 RRULE, without DTSTART): its parts and their limits."""

import re
from datetime import UTC, datetime, time
from functools import lru_cache
from math import prod

LONGEST_RULE = 512  # characters
LARGEST_NUMBER = 9999  # of COUNT and INTERVAL
MOST_TIMES = 24  # of a day, an hour or a minute; up to two years of them are gone through
MOST_PLACES = 24  # of BYSETPOS

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = {"MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_FREQUENCIES_OF_PART = {
    "BYWEEKNO": {"YEARLY"},
    "BYYEARDAY": {"YEARLY", "HOURLY", "MINUTELY"},
    "BYMONTHDAY": _FREQUENCIES - {"WEEKLY"},
    "BYSETPOS": {"YEARLY", "MONTHLY", "WEEKLY", "DAILY"},
}
_RANGES = {
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYSETPOS": (1, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 59),
    "COUNT": (1, LARGEST_NUMBER),
    "INTERVAL": (1, LARGEST_NUMBER),
}
_SIGNED = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}
_SINGLE = {"COUNT", "INTERVAL"}
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_MULTIPLIED = {"HOURLY": _TIMES[1:], "MINUTELY": _TIMES[2:]}  # else all; others only choose
_BYDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?")


class InvalidRule(ValueError):
    """The recurrence rule is not one of RFC 5545 that this platform can follow."""


@lru_cache(maxsize=4096)
def parts_of(rule: str) -> dict[str, str]:
    """The parts of a rule by name; raises InvalidRule on what RFC 5545 does not allow."""
    text = rule.strip().upper().removeprefix("RRULE:")
    if len(text) > LONGEST_RULE:
        raise InvalidRule(f"A rule has at most {LONGEST_RULE} characters, this one {len(text)}.")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or name in parts:
            raise InvalidRule(f"Expected NAME=VALUE once each in a rule, came {part!r}.")
        parts[name] = value
    _check_frequency(parts)
    for name, value in parts.items():
        _check_part(name, value)
    _check_times(parts)
    _check_places(parts)
    return parts


def _check_frequency(parts: dict[str, str]) -> None:
    frequency = parts.get("FREQ")
    if frequency not in _FREQUENCIES:
        expected = ", ".join(sorted(_FREQUENCIES))
        raise InvalidRule(f"Expected FREQ to be one of {expected}, came {frequency!r}.")
    for name in parts:
        if frequency not in _FREQUENCIES_OF_PART.get(name, _FREQUENCIES):
            raise InvalidRule(f"{name} does not go with FREQ={frequency}; remove one of them.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise InvalidRule("A rule has COUNT or UNTIL, not both; remove one of them.")
    ordinal = re.search(r"\d", parts.get("BYDAY", ""))
    if ordinal and (frequency not in {"MONTHLY", "YEARLY"} or "BYWEEKNO" in parts):
        raise InvalidRule("A numbered BYDAY goes only with FREQ=MONTHLY or YEARLY; remove it.")


def _check_times(parts: dict[str, str]) -> None:
    """Each next occurrence costs the time of all those of its year: a second each is 31 million."""
    multiplied = _MULTIPLIED.get(parts["FREQ"], _TIMES)
    times = prod(len(set(parts[name].split(","))) for name in multiplied if name in parts)
    if times > MOST_TIMES:
        names = " × ".join(name for name in multiplied if name in parts)
        raise InvalidRule(f"{names} gives {times} times; name at most {MOST_TIMES}.")


def _check_places(parts: dict[str, str]) -> None:
    """Each place costs a walk through the days of its week, month or year."""
    places = len(parts.get("BYSETPOS", "").split(","))
    if places > MOST_PLACES:
        raise InvalidRule(f"BYSETPOS names {places} places; name at most {MOST_PLACES}.")


def _check_part(name: str, value: str) -> None:
    if name in _RANGES:
        values = [value] if name in _SINGLE else value.split(",")
        valid = all(_in_range(name, number) for number in values)
    elif name == "BYDAY":
        found = [_BYDAY.fullmatch(day) for day in value.split(",")]
        valid = all(day and 1 <= abs(int(day[1] or 1)) <= 53 for day in found)
    elif name == "UNTIL":
        valid = bool(_UNTIL.fullmatch(value)) and _is_date(value)
    else:
        valid = name == "FREQ" or (name == "WKST" and value in WEEKDAYS)
    if not valid:
        raise InvalidRule(f"{name}={value} is not a part of an RFC 5545 rule; correct it.")


def _in_range(name: str, text: str) -> bool:
    if not re.fullmatch(r"[+-]?\d{1,4}" if name in _SIGNED else r"\d{1,4}", text):
        return False
    low, high = _RANGES[name]
    return low <= abs(int(text)) <= high


def _is_date(until: str) -> bool:
    try:
        until_of(until)
    except ValueError:
        return False
    return True


def until_of(value: str) -> datetime:
    """An aware moment when given in UTC, otherwise one on the wall clock."""
    if not (match := _UNTIL.fullmatch(value)):
        raise ValueError(value)
    day, clock, utc = match.groups()
    date = datetime.strptime(day, "%Y%m%d")
    at = datetime.strptime(clock, "%H%M%S").time() if clock else time.max
    return datetime.combine(date, at, UTC if utc else None)
