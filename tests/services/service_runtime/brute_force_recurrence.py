"""A slow reading of RFC 5545, day by day, to compare the product with.

It shares no code with the product, and it counts where the product computes.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = timedelta(days=1)
LONGEST_UNIT = {"YEARLY": 372, "MONTHLY": 31, "WEEKLY": 7, "DAILY": 1, "HOURLY": 1, "MINUTELY": 1}
Parts = dict[str, str]


def occurrences(rule: str, start: datetime, zone: str, days: int) -> list[datetime]:
    """Every occurrence until so many days after the start, which is a wall-clock time."""
    parts = dict(part.split("=") for part in rule.split(";"))
    clock = ZoneInfo(zone)
    if parts["FREQ"] in {"HOURLY", "MINUTELY"} and not {"BYHOUR", "BYMINUTE"} & parts.keys():
        found = elapsed(parts, start, clock, days)
    else:
        found = [instant_of(one, clock) for one in wall_clock(parts, start, days)]
    found = found[: int(parts.get("COUNT", len(found)))]
    end = instant_of(datetime.combine(start.date() + days * DAY, time.min), clock)
    return sorted({one for one in found if one < end})


def elapsed(parts: Parts, start: datetime, clock: ZoneInfo, days: int) -> list[datetime]:
    step = {"HOURLY": timedelta(hours=1), "MINUTELY": timedelta(minutes=1)}[parts["FREQ"]]
    moment, found = instant_of(start, clock), []
    for _ in range(int((days + 2) * DAY / (step * int(parts.get("INTERVAL", 1))))):
        if is_chosen(parts, moment.astimezone(clock).date()):
            found.append(moment)
        moment += step * int(parts.get("INTERVAL", 1))
    return found


def wall_clock(parts: Parts, start: datetime, days: int) -> list[datetime]:
    """Walk through whole intervals, so that positions count before the start, too."""
    parts = parts | left_to_start(parts, start)
    unit_of, interval = UNITS[parts["FREQ"]], int(parts.get("INTERVAL", 1))
    first_unit = unit_of(parts, start.date())
    units: dict[int, list[datetime]] = {}
    beyond = LONGEST_UNIT[parts["FREQ"]] * DAY
    day, end = start.date() - beyond, start.date() + days * DAY + beyond
    while day < end:
        unit = unit_of(parts, day)
        if unit >= first_unit and (unit - first_unit) % interval == 0 and is_chosen(parts, day):
            units.setdefault(unit, []).extend(times(parts, start, day))
        day += DAY
    chosen = [one for unit in sorted(units) for one in placed(parts, sorted(units[unit]))]
    return [one for one in chosen if one >= start]


def numbers(parts: Parts, name: str) -> set[int]:
    return {int(one) for one in parts[name].split(",")}


def left_to_start(parts: Parts, start: datetime) -> Parts:
    frequency, named = parts["FREQ"], parts.keys()
    weekday = {"BYDAY": WEEKDAYS[start.weekday()]}
    if frequency == "WEEKLY" and "BYDAY" not in named:
        return weekday
    if "BYWEEKNO" in named and not named & {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}:
        return weekday
    if named & {"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"}:
        return {}
    if frequency == "YEARLY" and "BYMONTH" not in named:
        return {"BYMONTHDAY": str(start.day), "BYMONTH": str(start.month)}
    return {"BYMONTHDAY": str(start.day)} if frequency in {"YEARLY", "MONTHLY"} else {}


def is_chosen(parts: Parts, day: date) -> bool:
    return all(CHOICES[name](parts, day) for name in parts if name in CHOICES)


def in_month(parts: Parts, day: date) -> bool:
    return day.month in numbers(parts, "BYMONTH")


def on_month_day(parts: Parts, day: date) -> bool:
    return bool(places_in(month_of(day), day) & numbers(parts, "BYMONTHDAY"))


def on_year_day(parts: Parts, day: date) -> bool:
    return bool(places_in(year_of(day), day) & numbers(parts, "BYYEARDAY"))


def in_week(parts: Parts, day: date) -> bool:
    weeks = weeks_of(week_year(parts, day), parts.get("WKST", "MO"))
    [number] = [at for at, week in enumerate(weeks) if day in week]
    return bool({number + 1, number - len(weeks)} & numbers(parts, "BYWEEKNO"))


def on_weekday(parts: Parts, day: date) -> bool:
    is_of_month = parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts
    same = same_weekdays(day.year, day.month if is_of_month else 0, day.weekday())
    named = {f"{place}{WEEKDAYS[day.weekday()]}" for place in places_in(same, day)}
    return bool((named | {WEEKDAYS[day.weekday()]}) & set(parts["BYDAY"].split(",")))


CHOICES: dict[str, Callable[[Parts, date], bool]] = {
    "BYMONTH": in_month,
    "BYMONTHDAY": on_month_day,
    "BYYEARDAY": on_year_day,
    "BYWEEKNO": in_week,
    "BYDAY": on_weekday,
}


def places_in(days: list[date], day: date) -> set[int]:
    at = days.index(day)
    return {at + 1, at - len(days)}


@lru_cache(maxsize=4096)
def _span(year: int, month: int) -> list[date]:
    first = date(year, month or 1, 1)
    days = [first + at * DAY for at in range(366)]
    return [one for one in days if one.year == year and month in {0, one.month}]


@lru_cache(maxsize=4096)
def same_weekdays(year: int, month: int, weekday: int) -> list[date]:
    return [one for one in _span(year, month) if one.weekday() == weekday]


def month_of(day: date) -> list[date]:
    return _span(day.year, day.month)


def year_of(day: date) -> list[date]:
    return _span(day.year, 0)


@lru_cache(maxsize=1024)
def weeks_of(year: int, first_weekday: str) -> list[list[date]]:
    """The weeks that have at least four days of the year."""
    day = date(year - 1, 12, 20)
    while WEEKDAYS[day.weekday()] != first_weekday:
        day += DAY
    weeks = [[day + (7 * week + at) * DAY for at in range(7)] for week in range(60)]
    return [week for week in weeks if sum(one.year == year for one in week) >= 4]


@lru_cache(maxsize=32768)
def year_with_week_of(day: date, first_weekday: str) -> int:
    near = range(day.year - 1, day.year + 2)
    [year] = [one for one in near if any(day in week for week in weeks_of(one, first_weekday))]
    return year


def week_year(parts: Parts, day: date) -> int:
    return year_with_week_of(day, parts.get("WKST", "MO"))


def unit_by_week(parts: Parts, day: date) -> int:
    while WEEKDAYS[day.weekday()] != parts.get("WKST", "MO"):
        day -= DAY
    return (day - date(1900, 1, 1)).days // 7


UNITS: dict[str, Callable[[Parts, date], int]] = {
    "YEARLY": lambda parts, day: week_year(parts, day) if "BYWEEKNO" in parts else day.year,
    "MONTHLY": lambda parts, day: day.year * 12 + day.month,
    "WEEKLY": unit_by_week,
    "DAILY": lambda parts, day: day.toordinal(),
    "HOURLY": lambda parts, day: 0,
    "MINUTELY": lambda parts, day: 0,
}


def times(parts: Parts, start: datetime, day: date) -> Iterator[datetime]:
    """The times of a day, found among all of its hours and minutes."""
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", 1))
    hours = numbers(parts, "BYHOUR") if "BYHOUR" in parts else None
    minutes = numbers(parts, "BYMINUTE") if "BYMINUTE" in parts else None
    if frequency not in {"HOURLY", "MINUTELY"}:
        hours = hours or {start.hour}
    if frequency != "MINUTELY":
        minutes = minutes or {start.minute}
    for hour in sorted(hours or range(24)):
        for minute in sorted(minutes or range(60)):
            at = datetime.combine(day, time(hour, minute, start.second, start.microsecond))
            if is_in_step(frequency, interval, start, at):
                yield at


def is_in_step(frequency: str, interval: int, start: datetime, at: datetime) -> bool:
    if frequency == "MINUTELY":
        return (at - start) % timedelta(minutes=interval) == timedelta(0)
    if frequency == "HOURLY":
        return (at.replace(minute=start.minute) - start) % timedelta(hours=interval) == timedelta(0)
    return True


def placed(parts: Parts, of_unit: list[datetime]) -> list[datetime]:
    if "BYSETPOS" not in parts:
        return of_unit
    wanted = numbers(parts, "BYSETPOS")
    return [one for at, one in enumerate(of_unit) if {at + 1, at - len(of_unit)} & wanted]


def instant_of(wall: datetime, clock: ZoneInfo) -> datetime:
    """The first instant that shows the time; in a gap, the time moved forward by the gap."""
    near = wall.replace(tzinfo=UTC)
    offsets = {
        (near + timedelta(hours=hours)).astimezone(clock).utcoffset() for hours in range(-38, 39)
    }
    tried = [(wall - (offset or timedelta(0))).replace(tzinfo=UTC) for offset in offsets]
    shown = [one for one in tried if one.astimezone(clock).replace(tzinfo=None) == wall]
    return min(shown) if shown else max(tried)
