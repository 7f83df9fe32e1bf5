"""Reads the recurrence of an imported event: rule, exceptions and first occurrence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from service_runtime.recurrence import Series, zone_of
from service_runtime.recurrence_rule import InvalidRule, Rule, normal_rule, rule_of

from reminder_service.calendar.components import Part, Property, Unreadable
from reminder_service.calendar.moments import Moment, moments_of
from reminder_service.calendar.skipped import Note
from reminder_service.calendar.zones import Zone, Zones

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MOST_EXCEPTIONS = 2_000  # of a component
MOST_IN_A_DAY = 24  # occurrences that an exception for a day removes
_DAY, _INSTANT = timedelta(days=1), timedelta(microseconds=1)


def read_rule(part: Part, start: Moment, notes: list[Note]) -> str | None:
    for name in ("RDATE", "EXRULE"):
        if (found := part.first(name)) and found.value:
            raise Unreadable(
                "UNSUPPORTED_PROPERTY",
                f"{name} is not supported; use RRULE and EXDATE.",
                found.line.number,
            )
    found = part.only("RRULE")
    if found is None or not found.value:
        return None
    try:
        rule = normal_rule(found.value)
        parts = rule_of(rule)
    except InvalidRule as error:
        raise Unreadable("INVALID_RULE", str(error), found.line.number) from None
    if start.zone.name is None:
        raise _without_name(found, start.zone)
    return _of_its_month(rule, parts, start, found, notes)


def _of_its_month(rule: str, parts: Rule, start: Moment, found: Property, notes: list[Note]) -> str:
    """Return the rule once a year, as Google and Windows mean a yearly day of the month."""
    is_yearly = parts.frequency == "YEARLY" and parts.month_days
    if not is_yearly or parts.months or parts.weeks or parts.year_days or parts.weekdays:
        return rule
    rule = f"{rule};BYMONTH={start.local.month}"
    detail = f"The rule was read as {rule}: on that day of one month, not of every month."
    notes.append(Note(found.line.number, "RULE_COMPLETED", detail))
    return rule


def _without_name(rule: Property, zone: Zone) -> Unreadable:
    detail = (
        f"Expected an IANA time zone for a series; none has the offsets of the VTIMEZONE "
        f"{zone.tzid!r}. Use a TZID such as Europe/Paris."
    )
    return Unreadable("UNKNOWN_TIME_ZONE", detail, rule.line.number)


def moved_start(series: Series) -> Series:
    """Return the series from its first occurrence since 1970, the earliest permitted date."""
    if series.start >= EARLIEST or series.rule is None:
        return series
    if last := series.counted_end():
        series = replace(series, rule=end_before(series.rule, last + timedelta(seconds=1)))
    first = series.after(EARLIEST - _INSTANT)
    return replace(series, start=first) if first else series


def read_exceptions(
    part: Part, series: Series, zones: Zones, now: datetime, notes: list[Note]
) -> Iterator[Moment]:
    """Return the exceptions that are not in the past."""
    left = MOST_EXCEPTIONS
    for prop in part.all("EXDATE"):
        if not prop.value:
            notes.append(Note(prop.line.number, "EMPTY_PROPERTY", "Expected a date in EXDATE."))
            continue
        left -= prop.value.count(",") + 1
        if left < 0:
            raise prop.unreadable(f"expected at most {MOST_EXCEPTIONS} dates")
        for value in filter(None, prop.value.split(",")):
            moment = moments_of(prop, zones, value)
            if moment.instant > now - _DAY:
                yield moment


def occurrences_at(series: Series, moment: Moment, *, is_day: bool) -> list[datetime]:
    """Return the occurrences to which an EXDATE or RECURRENCE-ID refers, several for a day."""
    instant = moment.instant
    if not (is_day or moment.is_day) and series.after(instant - _INSTANT) == instant:
        return [instant]
    clock = moment.local if moment.is_day else instant.astimezone(zone_of(series.time_zone))
    begin = clock.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    zone = Zone("", series.time_zone)
    end, found = zone.instant(begin + _DAY), zone.instant(begin) - _INSTANT
    occurrences: list[datetime] = []
    while len(occurrences) < MOST_IN_A_DAY:
        following = series.after(found)
        if following is None or following >= end:
            break
        occurrences.append(following)
        found = following
    return occurrences


def end_before(rule: str, moment: datetime) -> str:
    """Return the rule without the occurrences from `moment` on."""
    parts = [part for part in rule.split(";") if not part.startswith(("COUNT=", "UNTIL="))]
    last = moment.astimezone(UTC) - timedelta(seconds=1)
    return ";".join([*parts, f"UNTIL={last:%Y%m%dT%H%M%SZ}"])
