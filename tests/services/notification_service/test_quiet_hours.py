"""When it stops being quiet, by a second way to tell: walking along the wall clock."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from notification_service.preferences import Preferences
from notification_service.quiet_hours import (
    DAYS,
    LEAST_FREE,
    WEEK,
    QuietWindow,
    free_minutes,
    quiet_until,
)

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
EVERY_DAY = DAYS


def window(begin: str, end: str, *days: str) -> QuietWindow:
    times = time.fromisoformat(begin), time.fromisoformat(end)
    return QuietWindow(days=days or EVERY_DAY, begin=times[0], end=times[1])


def ends(moment: str, *windows: QuietWindow, zone: ZoneInfo = BERLIN) -> str | None:
    """On the wall clock, with its offset."""
    until = quiet_until(windows, zone, datetime.fromisoformat(moment))
    return until.astimezone(zone).isoformat(timespec="minutes") if until else None


NIGHT = window("22:00", "07:00")


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2030-01-07T21:59:59+01:00", None),
        ("2030-01-07T22:00:00+01:00", "2030-01-08T07:00+01:00"),
        ("2030-01-08T06:59:59+01:00", "2030-01-08T07:00+01:00"),
        ("2030-01-08T07:00:00+01:00", None),
    ],
)
def test_window_continues_into_next_day(moment, end):
    assert ends(moment, NIGHT) == end


def test_window_starts_only_on_its_days():
    monday = window("22:00", "07:00", "mo")  # 2030-01-07 is one
    assert ends("2030-01-08T03:00:00+01:00", monday) == "2030-01-08T07:00+01:00"
    assert ends("2030-01-08T23:00:00+01:00", monday) is None
    assert ends("2030-01-07T03:00:00+01:00", monday) is None


def test_adjacent_windows_become_one():
    windows = (window("20:00", "22:30"), NIGHT, window("07:00", "08:15"))
    assert ends("2030-01-07T20:10:00+01:00", *windows) == "2030-01-08T08:15+01:00"


def test_whole_day_ends_at_the_next():
    weekend = window("00:00", "00:00", "sa", "su")
    assert ends("2030-01-12T12:00:00+01:00", weekend) == "2030-01-14T00:00+01:00"


@pytest.mark.parametrize(
    ("windows", "moment", "end"),
    [
        # Clocks go from 02:00 to 03:00 on 31 March 2030.
        ([NIGHT], "2030-03-30T23:00:00+01:00", "2030-03-31T07:00+02:00"),
        ([window("22:00", "02:30")], "2030-03-30T23:00:00+01:00", "2030-03-31T03:00+02:00"),
        ([window("02:30", "05:00")], "2030-03-31T03:10:00+02:00", "2030-03-31T05:00+02:00"),
        ([window("02:10", "02:50")], "2030-03-31T03:00:00+02:00", None),
        # Clocks go from 03:00 to 02:00 on 27 October 2030.
        ([NIGHT], "2030-10-26T23:00:00+02:00", "2030-10-27T07:00+01:00"),
        ([window("22:00", "02:30")], "2030-10-26T23:00:00+02:00", "2030-10-27T02:30+01:00"),
        ([window("02:30", "05:00")], "2030-10-27T02:15:00+02:00", None),
        ([window("02:30", "05:00")], "2030-10-27T02:15:00+01:00", "2030-10-27T05:00+01:00"),
    ],
)
def test_clock_change_shortens_no_window(windows, moment, end):
    assert ends(moment, *windows) == end


def test_zone_may_skip_a_day():
    samoa = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011
    night = ends("2011-12-29T23:00:00-10:00", NIGHT, zone=samoa)
    assert night == "2011-12-31T07:00+14:00"


@pytest.mark.parametrize(
    ("windows", "minutes"),
    [
        ([], WEEK),
        ([NIGHT], 15 * 60),
        ([window("00:00", "00:00")], 0),
        ([window("00:00", "12:00"), window("12:00", "00:00")], 0),
        ([window("00:00", "00:00", *DAYS[:6])], 24 * 60),
        ([window("00:30", "23:30")], LEAST_FREE),
        ([window("22:00", "21:30")], 30),
    ],
)
def test_longest_free_period_is_known(windows, minutes):
    assert free_minutes(windows) == minutes


hours = some.builds(time, hour=some.integers(0, 23), minute=some.sampled_from((0, 15, 30, 59)))
some_windows = some.lists(
    some.builds(
        QuietWindow,
        days=some.sets(some.sampled_from(DAYS), min_size=1).map(tuple),
        begin=hours,
        end=hours,
    ),
    min_size=1,
    max_size=4,
)
zones = some.sampled_from(sorted(available_timezones())).map(ZoneInfo)
moments = some.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1), timezones=some.just(UTC)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)


def shown_quiet(windows: Sequence[QuietWindow], wall_clock: datetime) -> bool:
    """Whether the wall clock shows a quiet time, whatever clocks did before."""
    for one in windows:
        days = [0, 1] if one.overnight else [0]
        for back in days:
            day = (wall_clock - timedelta(days=back)).date()
            begin = datetime.combine(day, one.begin)
            end = datetime.combine(day + timedelta(days=int(one.overnight)), one.end)
            if DAYS[day.weekday()] in one.days and begin <= wall_clock < end:
                return True
    return False


def clocks_change(zone: ZoneInfo, moment: datetime, hours: int = 60) -> bool:
    around = range(-hours, hours + 1, 1)
    return len({(moment + timedelta(hours=h)).astimezone(zone).utcoffset() for h in around}) > 1


@settings(max_examples=60)
@given(some_windows, zones, moments)
def test_quiet_hours_follow_local_time(windows, zone, moment):
    assume(free_minutes(windows) >= LEAST_FREE)
    shown = shown_quiet(windows, moment.astimezone(zone).replace(tzinfo=None))
    until = quiet_until(windows, zone, moment)
    if shown:
        assert until is not None
    elif not clocks_change(zone, moment):
        assert until is None


@settings(max_examples=60)
@given(some_windows, zones, moments)
def test_end_is_the_first_free_moment(windows, zone, moment):
    assume(free_minutes(windows) >= LEAST_FREE)
    until = quiet_until(windows, zone, moment)
    assume(until is not None)
    assert moment < until
    assert quiet_until(windows, zone, until) is None
    assert not shown_quiet(windows, until.astimezone(zone).replace(tzinfo=None))
    for share in range(4):
        within = moment + (until - moment) * share / 4
        assert quiet_until(windows, zone, within) == until


@settings(max_examples=60)
@given(some_windows, zones, moments, hours)
def test_next_digest_avoids_quiet_hours(windows, zone, moment, digest_at):
    assume(free_minutes(windows) >= LEAST_FREE)
    preferences = Preferences(time_zone=zone.key, quiet_hours=tuple(windows), digest_at=digest_at)
    due = preferences.next_digest(moment)
    assert due > moment
    assert preferences.quiet_until(due) is None
    if not windows or preferences.quiet_until(due - MINUTE) is None:
        wall_clock = due.astimezone(zone)
        assert wall_clock.time() == digest_at or clocks_change(zone, due, 30)
        assert due - moment <= timedelta(hours=50)


def test_digest_keeps_its_local_time():
    preferences = Preferences(time_zone="Europe/Berlin", digest_at=time(8))
    digest = preferences.next_digest(datetime(2030, 3, 30, 12, tzinfo=UTC))
    assert digest == datetime(2030, 3, 31, 6, tzinfo=UTC)
    assert preferences.next_digest(digest) == datetime(2030, 4, 1, 6, tzinfo=UTC)


def test_digest_waits_for_quiet_hours_end():
    preferences = Preferences(quiet_hours=(NIGHT,), digest_at=time(6))
    digest = preferences.next_digest(datetime(2030, 1, 1, 5, tzinfo=UTC))
    assert digest == datetime(2030, 1, 1, 7, tzinfo=UTC)


def test_who_wants_no_digest_gets_none():
    assert Preferences().next_digest(datetime(2030, 1, 1, tzinfo=UTC)) is None
