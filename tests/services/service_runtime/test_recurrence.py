"""The wall-clock recurrence, in known cases and, as properties, in every IANA zone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from service_runtime.recurrence import InvalidRule, Series, check_rule, shortest_gap
from service_runtime.recurrence_rule import normal_rule, rule_of

ZONES = sorted(available_timezones())


def local(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def times(series: Series, count: int = 5, zone: str | None = None) -> list[str]:
    """The series' first occurrences on the wall clock of its zone."""
    clock = ZoneInfo(zone or series.time_zone)
    found = islice(series.all_after(series.start - timedelta(seconds=1)), count)
    return [moment.astimezone(clock).strftime("%Y-%m-%d %H:%M%z") for moment in found]


def test_daily_series_keeps_local_time():
    series = Series(local("2027-03-27 09:00"), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 3) == [
        "2027-03-27 09:00+0100",
        "2027-03-28 09:00+0200",
        "2027-03-29 09:00+0200",
    ]


def test_missing_local_time_moves_forward():
    series = Series(local("2027-03-27 02:30"), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 3) == [
        "2027-03-27 02:30+0100",
        "2027-03-28 03:30+0200",
        "2027-03-29 02:30+0200",
    ]


def test_repeated_local_time_is_the_first():
    series = Series(local("2027-10-30 02:30"), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 3) == [
        "2027-10-30 02:30+0200",
        "2027-10-31 02:30+0200",
        "2027-11-01 02:30+0100",
    ]


def test_start_in_second_hour_stays_there():
    series = Series(local("2027-10-31 02:30", fold=1), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 2) == ["2027-10-31 02:30+0100", "2027-11-01 02:30+0100"]


def test_times_around_a_gap_come_once():
    rule = "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=15,30"
    series = Series(local("2027-03-28 01:20"), rule, "Europe/Berlin")
    assert times(series, 4) == [
        "2027-03-28 01:30+0100",
        "2027-03-28 03:15+0200",
        "2027-03-28 03:30+0200",
        "2027-03-29 01:15+0200",
    ]


def test_hourly_interval_is_elapsed_time():
    series = Series(local("2030-10-26 07:00"), "FREQ=HOURLY;INTERVAL=8", "Europe/Berlin")
    assert times(series, 5) == [
        "2030-10-26 07:00+0200",
        "2030-10-26 15:00+0200",
        "2030-10-26 23:00+0200",
        "2030-10-27 06:00+0100",
        "2030-10-27 14:00+0100",
    ]


def test_named_hours_follow_the_clock():
    series = Series(local("2030-10-26 07:00"), "FREQ=HOURLY;BYHOUR=7,23", "Europe/Berlin")
    assert times(series, 3) == [
        "2030-10-26 07:00+0200",
        "2030-10-26 23:00+0200",
        "2030-10-27 07:00+0100",
    ]


@pytest.mark.parametrize(
    ("zone", "missing", "minutes"),
    [
        ("Europe/Berlin", "2027-03-28 02:30", 60),
        ("Australia/Lord_Howe", "2027-10-03 02:15", 30),
        ("Pacific/Apia", "2011-12-30 09:00", 24 * 60),
    ],
)
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;BYSETPOS=1", "FREQ=YEARLY"])
def test_moved_time_is_found_until_due(zone, missing, minutes, rule):
    start = local(missing, zone) - timedelta(days=366 if rule == "FREQ=YEARLY" else 1)
    start = start.replace(day=local(missing, zone).day) if rule == "FREQ=YEARLY" else start
    moved = local(missing, zone).astimezone(UTC)  # with fold=0 by the gap
    shown = moved.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert shown - timedelta(minutes=minutes) == local(missing, zone).replace(tzinfo=None)
    series = Series(start, rule, zone)
    for before in (timedelta(seconds=1), timedelta(minutes=minutes - 1)):
        assert series.after(moved - before) == moved
    assert series.after(moved) != moved


def test_second_hour_start_follows_the_first():
    start = local("2027-10-31 02:30", fold=1).astimezone(UTC)
    series = Series(start, "FREQ=DAILY;BYSETPOS=1", "Europe/Berlin")
    assert series.after(local("2027-10-31 02:40", fold=0)) == start


def test_skipped_day_moves_forward():
    series = Series(local("2011-12-29 08:00", "Pacific/Apia"), "FREQ=DAILY", "Pacific/Apia")
    assert times(series, 3) == [
        "2011-12-29 08:00-1000",
        "2011-12-31 08:00+1400",
        "2012-01-01 08:00+1400",
    ]


@pytest.mark.parametrize(
    ("start", "rule", "expected"),
    [
        ("2027-01-31", "FREQ=MONTHLY", ["2027-01-31", "2027-03-31", "2027-05-31", "2027-07-31"]),
        ("2027-01-29", "FREQ=MONTHLY", ["2027-01-29", "2027-03-29", "2027-04-29", "2027-05-29"]),
        ("2028-02-29", "FREQ=YEARLY", ["2028-02-29", "2032-02-29", "2036-02-29", "2040-02-29"]),
        (
            "2027-01-31",
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"],
        ),
        (
            "2027-01-04",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
            ["2027-01-04", "2027-01-08", "2027-01-18", "2027-01-22"],
        ),
        (
            "2027-01-01",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            ["2027-01-29", "2027-02-26", "2027-03-31", "2027-04-30"],
        ),
        (
            "2027-01-04",
            "FREQ=YEARLY;BYWEEKNO=1",
            ["2027-01-04", "2028-01-03", "2029-01-01", "2029-12-31"],
        ),
    ],
)
def test_rules(start, rule, expected):
    series = Series(local(start + " 09:00"), rule, "Europe/Berlin")
    assert [text[:10] for text in times(series, 4)] == expected


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("COUNT=3", "2027-01-03"),
        ("UNTIL=20270103T080000Z", "2027-01-03"),
        ("UNTIL=20270103T075959Z", "2027-01-02"),
        ("UNTIL=20270103T090000", "2027-01-03"),
        ("UNTIL=20270103T085959", "2027-01-02"),
        ("UNTIL=20270103", "2027-01-03"),
    ],
)
def test_ended_rule_is_reported(end, last):
    series = Series(local("2027-01-01 09:00"), f"FREQ=DAILY;{end}", "Europe/Berlin")
    found = list(series.all_after(local("2026-12-01 00:00")))
    assert found[-1] == local(last + " 09:00")
    assert series.after(found[-1]) is None


def test_exception_date_is_skipped_but_counted():
    series = Series(
        local("2027-01-01 09:00"),
        "FREQ=DAILY;COUNT=3",
        "Europe/Berlin",
        (local("2027-01-02 08:00", "UTC"),),
    )
    assert [text[:10] for text in times(series)] == ["2027-01-01", "2027-01-03"]


def test_a_single_date_occurs_once():
    series = Series(local("2027-01-01 09:00"))
    assert list(series.all_after(local("2020-01-01 00:00"))) == [local("2027-01-01 09:00")]


def test_fractions_of_a_second_are_kept():
    series = Series(datetime(2027, 1, 1, 9, 0, 0, 250, UTC), "FREQ=DAILY")
    assert series.after(series.start) == datetime(2027, 1, 2, 9, 0, 0, 250, UTC)


def test_first_due_occurrence_follows_write():
    series = Series(datetime(2027, 1, 1, 9, tzinfo=UTC), "FREQ=DAILY")
    hour = timedelta(hours=1)
    assert series.first_due(hour, datetime(2026, 1, 1, tzinfo=UTC)) == series.start
    assert series.first_due(hour, datetime(2027, 1, 1, 8, tzinfo=UTC)).day == 2
    assert series.first_due(hour, datetime(2027, 1, 1, 7, 59, tzinfo=UTC)).day == 1


def test_single_date_is_due_however_late():
    series = Series(datetime(2027, 1, 1, 9, tzinfo=UTC))
    assert series.first_due(timedelta(hours=1), datetime(2030, 1, 1, tzinfo=UTC)) == series.start


def test_handled_occurrence_is_not_due_again():
    hour, start = timedelta(hours=1), datetime(2027, 1, 1, 9, tzinfo=UTC)
    series, long_ago = Series(start, "FREQ=DAILY"), datetime(2026, 1, 1, tzinfo=UTC)
    assert series.first_due(hour, long_ago, start).day == 2
    assert series.first_due(hour, start + 3 * timedelta(days=1), start).day == 5
    assert Series(start).first_due(hour, long_ago, start) is None
    assert Series(start).first_due(hour, long_ago, start - hour) == start


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-12-31 23:59", None),
        ("2027-01-01 08:59", None),
        ("2027-01-01 09:00", "2027-01-01 09:00"),
        ("2027-01-02 08:59", "2027-01-01 09:00"),
        ("2027-06-01 12:00", "2027-03-01 09:00"),
        ("2040-06-01 12:00", "2027-03-01 09:00"),
    ],
)
def test_the_last_occurrence_until_a_moment(moment, expected):
    rule = "FREQ=DAILY;UNTIL=20270302T080000Z"
    series = Series(local("2027-01-01 09:00"), rule, "Europe/Berlin", (local("2027-03-02 09:00"),))
    assert series.until(local(moment)) == (expected and local(expected))


def test_past_single_date_is_the_last():
    start = datetime(2027, 1, 1, 9, 0, 0, 1, UTC)
    assert Series(start).until(start) == start
    assert Series(start).until(start - timedelta(microseconds=1)) is None


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("", "NAME=VALUE"),
        ("DAILY", "NAME=VALUE"),
        ("FREQ=DAILY;;COUNT=2", "NAME=VALUE"),
        ("FREQ=SECONDLY", "FREQ must be one of MINUTELY"),
        ("COUNT=3", "FREQ must be one of"),
        ("FREQ=DAILY;FREQ=DAILY", "each once"),
        ("FREQ=DAILY;COUNT=0", "COUNT must be a whole number from 1 to 730; got 0"),
        ("FREQ=DAILY;COUNT=731", "COUNT must be a whole number from 1 to 730; got 731"),
        ("FREQ=DAILY;COUNT=2,3", "COUNT must be"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be a whole number from 1 to 1,440; got 0"),
        ("FREQ=DAILY;INTERVAL=1441", "INTERVAL must be"),
        ("FREQ=DAILY;INTERVAL=1 0", "INTERVAL must be"),
        ("FREQ=MINUTELY;INTERVAL=61;BYHOUR=9", "INTERVAL must be at most 60 beside BYHOUR"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101", "not have both"),
        ("FREQ=DAILY;UNTIL=20301301", "UNTIL must be a time such as"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR must list whole numbers from 0 to 23; got 24"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR must list"),
        ("FREQ=DAILY;BYMONTHDAY=32", "from 1 to 31, or -31 to -1; got 32"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER is not supported; a rule may have FREQ"),
        ("FREQ=DAILY;BYSECOND=0", "BYSECOND is not supported"),
        ("FREQ=WEEKLY;BYDAY=1MO", "A numbered BYDAY needs"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY must list days"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY must list days"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY cannot be used with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO cannot"),
        ("FREQ=MINUTELY;BYSETPOS=2", "BYSETPOS cannot"),
        ("FREQ=DAILY;WKST=XX", "WKST must be one of MO"),
        ("FREQ=DAILY;DTSTART=20300101", "DTSTART is not supported"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never occurs"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "never occurs"),
        ("FREQ=DAILY;UNTIL=20200101", "never occurs"),
        ("FREQ=DAILY;BYSETPOS=2", "never occurs"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", "never occurs"),
        ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "never occurs"),
        ("FREQ=HOURLY;INTERVAL=2;BYHOUR=10", "never occurs"),
        ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1", "never occurs"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,2,3,4,5", "BYSETPOS must name at most 4"),
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,10,20,30,40", "at most 24 times; got 25"),
        ("FREQ=HOURLY;BYMINUTE=" + ",".join(map(str, range(25))), "BYMINUTE must give at most 24"),
        ("FREQ=DAILY;BYHOUR=" + ",".join(["9"] * 300), "512 characters"),
    ],
)
def test_rules_outside_the_limits_are_refused(rule, reason):
    with pytest.raises(InvalidRule, match=reason):
        check_rule(Series(local("2027-01-01 09:00"), rule, "Europe/Berlin"))


@pytest.mark.parametrize(
    "rule",
    [
        " rrule:freq=weekly; byday = mo, we;interval=2; ",
        ";FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2;",
        "FREQ=WEEKLY;\n BYDAY=MO,WE;INTERVAL=2",
    ],
)
def test_spelling_is_read_leniently(rule):
    assert normal_rule(rule).split(";")[0] == "FREQ=WEEKLY"
    assert rule_of(rule) == rule_of("FREQ=WEEKLY;BYDAY=MO,WE;INTERVAL=2")


@pytest.mark.parametrize(
    "rule",
    [
        f"FREQ=YEARLY;BYDAY=MO;BYHOUR={','.join(map(str, range(24)))}",
        "FREQ=HOURLY;BYHOUR=0,1,2,3,4,5,6,7,8,9;BYMINUTE=0,15,30,45",
    ],
)
def test_rules_may_name_every_hour(rule):
    check_rule(Series(datetime(2027, 1, 1, 9, tzinfo=UTC), rule))


@pytest.mark.parametrize(
    ("rule", "minutes"),
    [
        ("FREQ=MINUTELY;INTERVAL=7", 7),
        ("FREQ=HOURLY;BYMINUTE=0,3,30", 3),
        ("FREQ=DAILY;BYHOUR=9,10", 60),
        ("FREQ=DAILY;COUNT=1", None),
    ],
)
def test_shortest_gap_is_found(rule, minutes):
    found = shortest_gap(Series(datetime(2027, 1, 1, 9, tzinfo=UTC), rule))
    assert found == (minutes and timedelta(minutes=minutes))


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "America"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(InvalidRule, match="IANA time zone"):
        check_rule(Series(datetime(2027, 1, 1, tzinfo=UTC), None, zone))


def test_next_occurrence_ignores_history():
    series = Series(datetime(1990, 1, 1, tzinfo=UTC), "FREQ=MINUTELY;INTERVAL=7")
    found = series.after(datetime(2027, 1, 1, tzinfo=UTC))
    assert found is not None
    assert (found - series.start) % timedelta(minutes=7) == timedelta(0)


def offsets_near(wall: datetime, zone: ZoneInfo) -> set[timedelta]:
    near = [(wall + timedelta(hours=hours)).replace(tzinfo=UTC) for hours in range(-60, 61)]
    return {moment.astimezone(zone).utcoffset() or timedelta(0) for moment in near}


def instants_of(wall: datetime, zone: ZoneInfo, offsets: set[timedelta]) -> list[datetime]:
    """Every instant that shows `wall` on the zone's clock."""
    tried = [(wall - offset).replace(tzinfo=UTC) for offset in offsets]
    return sorted(at for at in tried if at.astimezone(zone).replace(tzinfo=None) == wall)


wall_clocks = st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1))


@settings(max_examples=300)
@given(zone=st.sampled_from(ZONES), wall=wall_clocks, days=st.integers(1, 400))
def test_daily_series_keeps_time_in_zones(zone, wall, days):
    clock = ZoneInfo(zone)
    series = Series(wall.replace(tzinfo=clock), "FREQ=DAILY", zone)
    start = series.start.astimezone(UTC).astimezone(clock).replace(tzinfo=None)
    expected_wall = start + timedelta(days=days)
    shown = instants_of(expected_wall, clock, offsets_near(expected_wall, clock))
    if not shown:
        found = series.after(expected_wall.replace(tzinfo=clock) - timedelta(microseconds=1))
        gap = found.astimezone(clock).replace(tzinfo=None) - expected_wall
        assert timedelta(0) < gap <= timedelta(hours=24)
    else:
        assert series.after(shown[0] - timedelta(microseconds=1)) == shown[0]


@pytest.mark.parametrize("zone", ZONES)
def test_policy_covers_every_zone_change(zone):
    """Hourly through the days on which the zone's clock is changed, in two years."""
    clock = ZoneInfo(zone)
    for day in changes(clock):
        start = datetime(day.year, day.month, day.day, 0, 30) - timedelta(hours=6)
        series = Series(start.replace(tzinfo=clock), "FREQ=HOURLY;BYMINUTE=30;COUNT=30", zone)
        first = series.start.astimezone(UTC).astimezone(clock).replace(tzinfo=None)
        offsets = offsets_near(first, clock)
        walls = [first + timedelta(hours=hour) for hour in range(30)]
        expected = {resolved(wall, clock, offsets) for wall in walls}
        assert list(series.all_after(series.start - timedelta(days=1))) == sorted(expected)


def changes(clock: ZoneInfo) -> list[date]:
    noons = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(730)]
    offsets = [moment.astimezone(clock).utcoffset() for moment in noons]
    return [
        noons[at].astimezone(clock).date()
        for at in range(1, len(noons))
        if offsets[at] != offsets[at - 1]
    ]


def resolved(wall: datetime, clock: ZoneInfo, offsets: set[timedelta]) -> datetime:
    if found := instants_of(wall, clock, offsets):
        return found[0]
    # In a gap the offset before it, which is the smaller one, moves the time forward.
    return (wall - min(offsets)).replace(tzinfo=UTC)


def test_count_ends_with_the_calendar():
    series = Series(datetime(2000, 1, 1, tzinfo=UTC), "FREQ=YEARLY;INTERVAL=13;COUNT=30")
    last = datetime(2195, 1, 1, tzinfo=UTC)
    assert (series.after(last - timedelta(days=1)), series.after(last)) == (last, None)


def test_rules_that_leave_the_calendar_end():
    series = Series(datetime(2030, 1, 7, tzinfo=UTC), "FREQ=WEEKLY;INTERVAL=1440;COUNT=730")
    assert len(list(series.all_after(series.start - timedelta(days=1)))) == 7
    assert Series(datetime(2199, 12, 31, tzinfo=UTC), "FREQ=YEARLY").until(
        datetime(9999, 1, 1, tzinfo=UTC)
    ) == datetime(2200, 12, 31, tzinfo=UTC)


def test_a_rare_occurrence_is_found():
    series = Series(
        datetime(2080, 1, 1, 9, tzinfo=UTC), "FREQ=MINUTELY;BYMONTHDAY=29;BYMONTH=2;BYDAY=WE"
    )
    assert series.after(series.start) == datetime(2096, 2, 29, tzinfo=UTC)
    assert series.after(datetime(2096, 3, 1, tzinfo=UTC)) == datetime(2108, 2, 29, tzinfo=UTC)


def test_the_last_counted_occurrence_replaces_counting():
    counted = Series(local("2027-01-01 09:00"), "FREQ=DAILY;COUNT=3", "Europe/Berlin")
    last = counted.counted_end()
    assert last == local("2027-01-03 09:00")
    ended = replace(counted, rule="FREQ=DAILY;COUNT=700", last=last)
    start = counted.start - timedelta(days=1)
    assert list(ended.all_after(start)) == list(counted.all_after(start))
    assert Series(counted.start, "FREQ=DAILY").counted_end() is None


def exists(local: datetime) -> bool:
    """Whether clocks show this time; Samoa left out the whole of 30 December 2011."""
    shown = local.astimezone(UTC).astimezone(local.tzinfo)
    return shown.replace(tzinfo=None) == local.replace(tzinfo=None)


@settings(max_examples=150)
@example(zone="Pacific/Apia", rule="FREQ=MONTHLY", day=30, month=8, year=2011)
@given(
    zone=st.sampled_from(ZONES),
    rule=st.sampled_from(["FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=MONTHLY;INTERVAL=3"]),
    day=st.sampled_from([29, 30, 31]),
    month=st.sampled_from([1, 8, 12]),
    year=st.integers(2000, 2050),
)
def test_months_without_day_are_skipped(zone, rule, day, month, year):
    clock = ZoneInfo(zone)
    start = datetime(year, month, day, 12, tzinfo=clock)
    found = list(islice(Series(start, rule, zone).all_after(start - timedelta(days=1)), 12))
    local = [moment.astimezone(clock) for moment in found]
    assert all(each.day == day or not exists(each - timedelta(days=1)) for each in local)
    assert found == sorted(set(found))
