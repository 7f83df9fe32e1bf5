"""Parses values of properties with the icalendar library, one at a time.

The library receives no time zones, because it would search files by name and expand definitions.
"""

from datetime import date, datetime, timedelta
from typing import Any

from icalendar.parser import Contentline, Parameters, unescape_backslash
from icalendar.prop import vDDDTypes, vDuration, vUTCOffset

_ContentLine: Any = Contentline  # the library has no types for these names
_DATE: Any = vDDDTypes
_DURATION: Any = vDuration
_OFFSET: Any = vUTCOffset


def split_line(text: str) -> tuple[Parameters, str]:
    """Return the parameters and the value of a content line."""
    before, _, value = text.partition(":")
    if ";" not in before:
        return Parameters(), value
    _, parameters, value = _ContentLine(text).raw_parts()
    return parameters, value


def unescape(text: str) -> str:
    return str(unescape_backslash(text))


def date_value(text: str) -> date | timedelta | object:
    """Return a date, a time or a duration; times with a Z are aware."""
    found: object = _DATE.from_ical(text.strip())
    return found


def date_with_time(text: str) -> datetime:
    value = date_value(text)
    if not isinstance(value, datetime):
        raise ValueError(f"expected a date with a time; got {text[:80]!r}")
    return value


def duration_value(text: str) -> timedelta:
    found: timedelta = _DURATION.from_ical(text)
    return found


def offset_value(text: str) -> timedelta:
    found: timedelta = _OFFSET.from_ical(text)
    return found
