"""Reminders keep their wall-clock times when the rules of a zone change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from event_messages.contract import data_of
from event_messages.event import Event
from event_messages.identifiers import uuid7
from reminder_service.reminders import new_reminder
from reminder_service.tables import reminders
from reminder_service.zone_changes import rezone, with_new_zone_data
from service_runtime.identity import Caller
from service_runtime.zone_updates import ZoneUpdates
from sqlalchemy import text, update

from tests.services.patched_zone import NEW_LAW, OLD_LAW, ZONE, enact
from tests.services.reminder_service.test_store import InPostgres, engine

__all__ = ["enact", "engine"]

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
BEFORE = datetime(2030, 1, 1, tzinfo=UTC)  # when the reminders were written
START = datetime(2030, 1, 15, 1, tzinfo=UTC)  # 14 January, 17:00 by the old law
HOUR = timedelta(hours=1)


@pytest.fixture
def make(enact):
    """A reminder that was written under the old law."""
    enact(OLD_LAW)

    def make(now=BEFORE, **named):
        fields = {"date": START, "time_zone": ZONE, "message": "Tea", **named}
        return new_reminder(uuid7(), fields, Caller(user_id="ada"), now)

    return make


def test_single_date_keeps_its_clock(make, enact):
    reminder = make()
    enact(NEW_LAW)
    assert with_new_zone_data(reminder, NOW) == replace(
        reminder, date=START - HOUR, version=2, updated_at=NOW
    )


def test_coming_series_moves_as_a_whole(make, enact):
    dates = (START + timedelta(days=1), START + timedelta(days=210))  # in winter and in summer
    reminder = make(rule="FREQ=DAILY;COUNT=300", except_dates=(dates[0], dates[1] - HOUR))
    enact(NEW_LAW)
    moved = with_new_zone_data(reminder, NOW)
    assert moved == replace(
        reminder,
        date=START - HOUR,
        except_dates=(dates[0] - HOUR, dates[1] - HOUR),  # summer time is the new standard
        last_occurrence=reminder.last_occurrence - HOUR,
        version=2,
        updated_at=NOW,
    )
    assert moved.series.after(dates[0] - HOUR) == START - HOUR + timedelta(days=2)


def test_begun_series_goes_on_from_now(make, enact):
    reminder = make(date=START - timedelta(days=7), rule="FREQ=WEEKLY")
    enact(NEW_LAW)
    moved = with_new_zone_data(reminder, NOW)
    assert (moved.date, moved.scheduled_from) == (reminder.date - HOUR, NOW)
    assert moved.next_date(NOW) == START - HOUR


def test_unmoved_reminders_stay_as_they_are(make, enact):
    summer = make(date=datetime(2030, 7, 1, 16, tzinfo=UTC))
    elsewhere = make(time_zone="Europe/Berlin")
    enact(NEW_LAW)
    assert [with_new_zone_data(one, NOW) for one in (summer, elsewhere)] == [summer, elsewhere]


@pytest.mark.integration
def test_new_zone_data_move_stored_reminders(make, enact, engine):
    world = InPostgres(engine)
    single, past = make(), make(date=NOW - timedelta(days=1))
    unaware = make(message="Written before wall-clock times were kept")
    world.store.add([single, past, replace(unaware, local_date=None)])
    update = ZoneUpdates(engine, lambda: rezone(engine, NOW), "2026a").update
    assert update() == 0
    assert world.store.find("ada", unaware.id) == unaware
    enact(NEW_LAW)
    newer = ZoneUpdates(engine, lambda: rezone(engine, NOW), "2026b").update
    assert (newer(), newer(), update()) == (2, 0, 0)
    assert world.store.find("ada", single.id).date == START - HOUR
    assert world.store.find("ada", past.id) == past
    with engine.connect() as connection:
        bodies = connection.scalars(text("select body from outbox order by position"))
        told = [data_of(event) for event in map(Event.from_json, bodies)][3:]
    assert {(one.id, one.date, one.version, one.change) for one in told} == {
        (one.id, START - HOUR, 2, "rezoned") for one in (single, unaware)
    }


@pytest.mark.integration
def test_write_of_earlier_version_outdates_clock(make, enact, engine):
    """Pods of it run beside new ones during a rollout, and after a rollback."""
    world, day = InPostgres(engine), timedelta(days=1)
    series = make(rule="FREQ=DAILY", except_dates=(START + day,))
    world.store.add([series])
    dates = {"date": START + 3 * day, "except_dates": [START + 5 * day, START + 6 * day]}
    with engine.begin() as connection:
        connection.execute(update(reminders).values(version=2, **dates))
    assert ZoneUpdates(engine, lambda: rezone(engine, NOW), "2026a").update() == 0
    written = world.store.find("ada", series.id)
    assert (written.date, list(written.except_dates)) == tuple(dates.values())
    enact(NEW_LAW)
    assert ZoneUpdates(engine, lambda: rezone(engine, NOW), "2026b").update() == 1
    assert world.store.find("ada", series.id).date == START + 3 * day - HOUR
