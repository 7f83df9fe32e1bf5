"""The platform's own reminders."""

from datetime import UTC, datetime, timedelta

import pytest
from event_messages.canary import IDS, INTERVAL, USER
from reminder_service.canary import Canary

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
STEP = timedelta(seconds=INTERVAL)


def test_canaries_take_turns(store):
    canary = Canary(store)
    for turn in range(len(IDS)):
        canary.write(NOON + turn * STEP)
    found, _ = store.page(USER, 10)
    dates = [NOON + turn * STEP + timedelta(seconds=10) for turn in range(len(IDS))]
    assert [one.date for one in found] == dates
    assert sorted(one.id for one in found) == sorted(IDS)


def test_canary_moves_after_its_turn(store):
    canary, later = Canary(store), NOON + len(IDS) * STEP
    for moment in (NOON, later):
        canary.write(moment)
    [moved], _ = store.page(USER, 10)
    assert (moved.version, moved.date, moved.scheduled_from) == (
        2,
        later + timedelta(seconds=10),
        later,
    )


@pytest.mark.parametrize("seconds", [0, 29])
def test_second_pod_writes_nothing(store, seconds):
    Canary(store).write(NOON)
    Canary(store).write(NOON + timedelta(seconds=seconds))
    [only], _ = store.page(USER, 10)
    assert only.version == 1
