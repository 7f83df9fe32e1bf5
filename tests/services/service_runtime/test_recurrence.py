"""The wall-clock recurrence, in known cases and, as properties, in every IANA zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from service_runtime.recurrence import InvalidRule, Series, check_rule

ZONES = sorted(available_timezones())


def local(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def times(series: Series, count: int = 5, zone: str | None = None) -> list[str]:
    """The series' first occurrences on the wall clock of its zone."""
    clock = ZoneInfo(zone or series.time_zone)
    found = islice(series.all_after(series.start - timedelta(seconds=1)), count)
    return [moment.astimezone(clock).strftime("%Y-%m-%d %H:%M%z") for moment in found]


def test_a_daily_series_keeps_its_time_of_day_through_daylight_saving():
    series = Series(local("2027-03-27 09:00"), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 3) == [
        "2027-03-27 09:00+0100",
        "2027-03-28 09:00+0200",
        "2027-03-29 09:00+0200",
    ]


def test_a_time_that_does_not_exist_moves_forward_by_the_gap():
    series = Series(local("2027-03-27 02:30"), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 3) == [
        "2027-03-27 02:30+0100",
        "2027-03-28 03:30+0200",
        "2027-03-29 02:30+0200",
    ]


def test_a_time_that_occurs_twice_is_the_first():
    series = Series(local("2027-10-30 02:30"), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 3) == [
        "2027-10-30 02:30+0200",
        "2027-10-31 02:30+0200",
        "2027-11-01 02:30+0100",
    ]


def test_a_start_in_the_second_of_two_hours_stays_there():
    series = Series(local("2027-10-31 02:30", fold=1), "FREQ=DAILY", "Europe/Berlin")
    assert times(series, 2) == ["2027-10-31 02:30+0100", "2027-11-01 02:30+0100"]


def test_times_around_a_gap_come_in_order_and_once():
    rule = "FREQ=MINUTELY;INTERVAL=45"
    series = Series(local("2027-03-28 01:00"), rule, "Europe/Berlin")
    assert times(series, 4) == [
        "2027-03-28 01:00+0100",
        "2027-03-28 01:45+0100",
        "2027-03-28 03:15+0200",
        "2027-03-28 03:30+0200",
    ]


@pytest.mark.parametrize(
    ("zone", "missing", "minutes"),
    [
        ("Europe/Berlin", "2027-03-28 02:30", 60),
        ("Australia/Lord_Howe", "2027-10-03 02:15", 30),
        ("Pacific/Apia", "2011-12-30 09:00", 24 * 60),
    ],
)
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;BYSECOND=0", "FREQ=YEARLY"])
def test_a_time_that_was_moved_is_found_until_it_comes(zone, missing, minutes, rule):
    start = local(missing, zone) - timedelta(days=366 if rule == "FREQ=YEARLY" else 1)
    start = start.replace(day=local(missing, zone).day) if rule == "FREQ=YEARLY" else start
    moved = local(missing, zone).astimezone(UTC)  # with fold=0 by the gap
    shown = moved.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert shown - timedelta(minutes=minutes) == local(missing, zone).replace(tzinfo=None)
    series = Series(start, rule, zone)
    for before in (timedelta(seconds=1), timedelta(minutes=minutes - 1)):
        assert series.after(moved - before) == moved
    assert series.after(moved) != moved


def test_a_start_in_the_second_of_two_hours_is_ahead_of_all_of_the_first():
    start = local("2027-10-31 02:30", fold=1).astimezone(UTC)
    series = Series(start, "FREQ=DAILY;BYSECOND=0", "Europe/Berlin")
    assert series.after(local("2027-10-31 02:40", fold=0)) == start


def test_a_zone_that_skipped_a_day_moves_it_forward():
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
def test_a_rule_that_has_ended_says_so(end, last):
    series = Series(local("2027-01-01 09:00"), f"FREQ=DAILY;{end}", "Europe/Berlin")
    found = list(series.all_after(local("2026-12-01 00:00")))
    assert found[-1] == local(last + " 09:00")
    assert series.after(found[-1]) is None


def test_an_exception_date_is_left_out_and_still_counts():
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


def test_the_first_occurrence_due_is_announced_after_the_write():
    series = Series(datetime(2027, 1, 1, 9, tzinfo=UTC), "FREQ=DAILY")
    hour = timedelta(hours=1)
    assert series.first_due(hour, datetime(2026, 1, 1, tzinfo=UTC)) == series.start
    assert series.first_due(hour, datetime(2027, 1, 1, 8, tzinfo=UTC)).day == 2
    assert series.first_due(hour, datetime(2027, 1, 1, 7, 59, tzinfo=UTC)).day == 1


def test_a_single_date_is_due_however_late():
    series = Series(datetime(2027, 1, 1, 9, tzinfo=UTC))
    assert series.first_due(timedelta(hours=1), datetime(2030, 1, 1, tzinfo=UTC)) == series.start


def test_what_was_handled_is_not_due_again():
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


def test_a_single_date_is_the_last_once_it_has_come():
    start = datetime(2027, 1, 1, 9, 0, 0, 1, UTC)
    assert Series(start).until(start) == start
    assert Series(start).until(start - timedelta(microseconds=1)) is None


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("", "NAME=VALUE"),
        ("DAILY", "NAME=VALUE"),
        ("FREQ=SECONDLY", "Expected FREQ"),
        ("COUNT=3", "Expected FREQ"),
        ("FREQ=DAILY;FREQ=DAILY", "once each"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=2,3", "COUNT=2,3"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101", "not both"),
        ("FREQ=DAILY;UNTIL=20301301", "UNTIL=20301301"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24"),
        ("FREQ=DAILY;BYHOUR=-1", "BYHOUR=-1"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbered BYDAY"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY=0MO"),
        ("FREQ=WEEKLY;BYMONTHDAY=3", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO"),
        ("FREQ=MINUTELY;BYSETPOS=2", "BYSETPOS"),
        ("FREQ=DAILY;WKST=XX", "WKST"),
        ("FREQ=DAILY;DTSTART=20300101", "DTSTART"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "never occurs"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", "never occurs"),
        ("FREQ=DAILY;UNTIL=20200101", "never occurs"),
        ("FREQ=DAILY;BYSETPOS=2", "never occurs"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", "never occurs"),
        ("FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "never occurs"),
        ("FREQ=HOURLY;INTERVAL=2;BYHOUR=10", "never occurs"),
        ("FREQ=MINUTELY;INTERVAL=1440;BYHOUR=3", "never occurs"),
        ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30;BYHOUR=1", "never occurs"),
        (f"FREQ=MONTHLY;BYDAY=MO;BYSETPOS={','.join(map(str, range(1, 26)))}", "at most 24"),
        ("FREQ=DAILY;BYHOUR=" + ",".join(["9"] * 300), "512 characters"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(rule, reason):
    with pytest.raises(InvalidRule, match=reason):
        check_rule(Series(local("2027-01-01 09:00"), rule, "Europe/Berlin"))


ALL_DAY = f"BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(60)))}"
EVERY_SECOND = f"BYSECOND={','.join(map(str, range(60)))}"


@pytest.mark.parametrize(
    "rule",
    [
        f"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;{ALL_DAY};{EVERY_SECOND}",
        f"FREQ=DAILY;{ALL_DAY}",
        f"FREQ=HOURLY;{EVERY_SECOND}",
        f"FREQ=MINUTELY;{EVERY_SECOND}",
        "FREQ=DAILY;BYHOUR=0,1,2,3,4;BYMINUTE=0,10,20,30,40",
    ],
)
def test_a_rule_of_more_times_than_can_be_gone_through_is_refused(rule):
    with pytest.raises(InvalidRule, match="at most 24"):
        check_rule(Series(datetime(1971, 3, 1, 9, tzinfo=UTC), rule))


@pytest.mark.parametrize(
    "rule",
    [
        f"FREQ=YEARLY;BYDAY=MO;{ALL_DAY.partition(';')[0]}",
        "FREQ=HOURLY;BYHOUR=0,1,2,3,4,5,6,7,8,9;BYMINUTE=0,15,30,45",
    ],
)
def test_a_rule_may_have_a_time_for_each_hour_of_its_days(rule):
    check_rule(Series(datetime(2027, 1, 1, 9, tzinfo=UTC), rule))


@pytest.mark.parametrize("zone", ["Mars/Base", "", "../etc/passwd", "America"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(InvalidRule, match="IANA time zone"):
        check_rule(Series(datetime(2027, 1, 1, tzinfo=UTC), None, zone))


def test_the_next_occurrence_of_an_old_series_is_found_without_its_history():
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


@settings(max_examples=300, deadline=None)
@given(zone=st.sampled_from(ZONES), wall=wall_clocks, days=st.integers(1, 400))
def test_in_every_zone_a_daily_series_shows_the_same_time_unless_it_does_not_exist(
    zone, wall, days
):
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
def test_every_change_of_a_zone_is_crossed_by_the_policy(zone):
    """Hourly through the days on which the zone's clock is changed, in two years."""
    clock = ZoneInfo(zone)
    for day in changes(clock):
        start = datetime(day.year, day.month, day.day, 0, 30) - timedelta(hours=6)
        series = Series(start.replace(tzinfo=clock), "FREQ=HOURLY;COUNT=30", zone)
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


frequencies = st.sampled_from(["MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
extras = st.sampled_from(
    [
        "",
        ";BYDAY=MO,WE,FR",
        ";BYHOUR=3,17;BYMINUTE=10",
        ";BYMONTH=2,7,11",
        ";WKST=SU;BYDAY=SU,TU",
        ";COUNT=30",  # of at most 13 years: a COUNT is followed for 400
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    frequency=frequencies,
    interval=st.integers(1, 13),
    extra=extras,
    start=wall_clocks.map(lambda wall: wall.replace(microsecond=0)),
    ahead=st.integers(0, 60),
)
def test_the_short_cut_to_a_late_occurrence_finds_what_the_whole_history_has(
    frequency, interval, extra, start, ahead
):
    rule = f"FREQ={frequency};INTERVAL={interval}{extra}"
    try:
        history = list(islice(rrulestr(rule, dtstart=start), 62))
    except ValueError:  # the interval never meets the hours that the rule names
        assume(False)
    assume(history)
    series = Series(start.replace(tzinfo=UTC), rule)
    moment = history[min(ahead, len(history) - 1)]
    following = history[ahead + 1] if ahead + 1 < len(history) else None
    expected = following and following.replace(tzinfo=UTC)
    assert series.after(moment.replace(tzinfo=UTC)) == expected
    assert series.until(moment.replace(tzinfo=UTC)) == moment.replace(tzinfo=UTC)


def test_a_count_is_reached_however_many_centuries_it_takes():
    series = Series(datetime(2000, 1, 1, tzinfo=UTC), "FREQ=YEARLY;INTERVAL=13;COUNT=30")
    last = datetime(2000 + 29 * 13, 1, 1, tzinfo=UTC)
    assert series.after(last - timedelta(days=1)) == last
    assert series.after(last) is None


def test_a_count_is_not_followed_for_more_than_the_calendar_takes_to_repeat():
    series = Series(datetime(2000, 2, 29, tzinfo=UTC), "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=9")
    last = datetime(2032, 2, 29, tzinfo=UTC)
    assert (series.after(last - timedelta(days=1)), series.after(last)) == (last, None)
    endless = Series(series.start, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=9999")
    moment = datetime(2400, 1, 1, tzinfo=UTC)
    assert endless.after(moment) == datetime(2400, 2, 29, tzinfo=UTC)


def test_a_rare_occurrence_is_found_on_the_way_to_its_century():
    series = Series(
        datetime(2080, 1, 1, 9, tzinfo=UTC), "FREQ=MINUTELY;BYMONTHDAY=29;BYMONTH=2;BYDAY=WE"
    )
    assert series.after(series.start) == datetime(2096, 2, 29, tzinfo=UTC)
    assert series.after(datetime(2096, 3, 1, tzinfo=UTC)) == datetime(2108, 2, 29, tzinfo=UTC)


def exists(local: datetime) -> bool:
    """Whether clocks show this time; Samoa left out the whole of 30 December 2011."""
    shown = local.astimezone(UTC).astimezone(local.tzinfo)
    return shown.replace(tzinfo=None) == local.replace(tzinfo=None)


@settings(max_examples=150, deadline=None)
@example(zone="Pacific/Apia", rule="FREQ=MONTHLY", day=30, month=8, year=2011)
@given(
    zone=st.sampled_from(ZONES),
    rule=st.sampled_from(["FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=MONTHLY;INTERVAL=3"]),
    day=st.sampled_from([29, 30, 31]),
    month=st.sampled_from([1, 8, 12]),
    year=st.integers(2000, 2050),
)
def test_in_every_zone_months_without_the_day_are_left_out(zone, rule, day, month, year):
    clock = ZoneInfo(zone)
    start = datetime(year, month, day, 12, tzinfo=clock)
    found = list(islice(Series(start, rule, zone).all_after(start - timedelta(days=1)), 12))
    local = [moment.astimezone(clock) for moment in found]
    assert all(each.day == day or not exists(each - timedelta(days=1)) for each in local)
    assert found == sorted(set(found))
