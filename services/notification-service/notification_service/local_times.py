"""Dates and times as they are written in a user's language and time zone."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_gmt, get_timezone_name


@dataclass(frozen=True, kw_only=True)
class LocalTime:
    date: str
    time: str
    zone: str


@lru_cache(maxsize=512)
def locale_of(name: str, language: str) -> Locale:
    """The locale by name if it is one of that language: `de-AT` writes dates of its own."""
    try:
        locale = Locale.parse(name, sep="-")
        if locale.language == language.partition("-")[0]:
            return locale
    except (ValueError, UnknownLocaleError):
        pass
    return Locale.parse(language, sep="-")


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The time zone by name, or UTC for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def local_time(moment: datetime, zone: ZoneInfo, locale: Locale) -> LocalTime:
    there = moment.astimezone(zone)
    return LocalTime(
        date=format_date(there, "full", locale),
        time=format_time(there, "short", tzinfo=zone, locale=locale),
        zone=zone_name(there, locale),
    )


def zone_name(moment: datetime, locale: Locale) -> str:
    """An abbreviation that the language has, or the distance from UTC."""
    name = get_timezone_name(moment, "short", locale=locale)
    return name if name.isalpha() else str(get_timezone_gmt(moment, locale=locale))
