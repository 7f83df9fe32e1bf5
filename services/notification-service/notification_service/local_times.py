"""Formats dates and times in the language and time zone of a user."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_gmt, get_timezone_name


@lru_cache(maxsize=512)
def locale_of(name: str, language: str) -> Locale:
    """Return the locale of a name if it belongs to the language: `de-AT` has its own dates."""
    try:
        locale = Locale.parse(name, sep="-")
        if locale.language == language.partition("-")[0]:
            return locale
    except (ValueError, UnknownLocaleError):
        pass
    return Locale.parse(language, sep="-")


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of a name, or UTC for an unknown name."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def local_time(moment: datetime, zone: ZoneInfo, locale: Locale) -> dict[str, str]:
    """Return the members of an item in a text: date, time and zone."""
    there = moment.astimezone(zone)
    return {
        "date": format_date(there, "full", locale),
        "time": format_time(there, "short", tzinfo=zone, locale=locale),
        "zone": zone_name(there, locale),
    }


def zone_name(moment: datetime, locale: Locale) -> str:
    """Return an abbreviation in the language, or the offset from UTC."""
    name = get_timezone_name(moment, "short", locale=locale)
    return name if name.isalpha() else str(get_timezone_gmt(moment, locale=locale))
