"""Users in quiet hours: what is deferred survives kills between any two steps, and comes once."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from event_messages.identifiers import occurrence_id
from notification_service.preference_store import PostgresPreferences
from notification_service.preferences import Preferences
from notification_service.quiet_hours import DAYS, QuietWindow
from sqlalchemy import Engine, text

from tests.faults.history import Accepted, Effect
from tests.faults.killing import Kill, sent_to
from tests.faults.observation import PATIENCE, Stores
from tests.faults.promises import USERS, Promises
from tests.faults.test_kill_nine import (
    NEVER,
    REMINDERS,
    Check,
    Start,
    aws,
    check,
    clients,
    die,
    emulator,
    promises,
    queued,
    sink,
    start,
)

__all__ = ["aws", "check", "clients", "emulator", "promises", "queued", "sink", "start"]

pytestmark = pytest.mark.integration

KILLS = [
    Kill("delivery: after deferral, before delete", 3),
    Kill("delivery relay: after commit, before publish"),
    Kill("delivery relay: after publish, before mark"),
    Kill("event consumer: after effect, before delete", 12),
    Kill("event relay: after publish, before mark"),
]
DEFERRED = "select id, occurrence, deferred_from from notifications where reason is not null"
PASS_TIME = """
update notifications set deliver_at = now() where reason is not null and state = 'pending'
"""


@pytest.fixture
def quiet(stores: Stores) -> PostgresPreferences:
    """It is quiet for everyone, hours before and after now."""
    now, hours = datetime.now(UTC), timedelta(hours=6)
    window = QuietWindow(days=DAYS, begin=(now - hours).time(), end=(now + hours).time())
    preferences = PostgresPreferences(stores.devices)
    for number in range(USERS):
        preferences.change(
            f"user-{number}", lambda current: replace(current, quiet_hours=(window,))
        )
    return preferences


def test_deferred_notification_survives_kills_once(
    quiet: PostgresPreferences,
    promises: Promises,
    stores: Stores,
    sink: Path,
    start: Start,
    check: Check,
) -> None:
    accepted: list[Accepted] = []
    for kill in KILLS:
        accepted += promises.make_hourly(REMINDERS)
        die(start(kill))
    wanted = {one.effect.occurrence_id for one in accepted}
    process = start(NEVER)
    later = deferred(stores.notifications, len(wanted))
    process.kill()
    assert sent_to(sink) == []
    assert later.keys() == wanted
    for number in range(USERS):
        quiet.change(f"user-{number}", lambda current: Preferences())
    with stores.notifications.begin() as connection:
        connection.execute(text(PASS_TIME))
    check([moved(one, later) for one in accepted])


def moved(promise: Accepted, later: dict[UUID, UUID]) -> Accepted:
    """The same promise, kept by the notification that took the place of the first."""
    effect = Effect(later[promise.effect.occurrence_id], promise.effect.device_id)
    return replace(promise, effect=effect)


def deferred(engine: Engine, count: int) -> dict[UUID, UUID]:
    """Each occurrence that was deferred, and the one that takes its place."""
    end = time.monotonic() + PATIENCE
    while len(rows := _rows(engine)) < count:
        assert time.monotonic() < end, f"{len(rows)} of {count} are deferred"
        time.sleep(0.25)
    first = {row.id: occurrence_id(row.deferred_from, row.occurrence) for row in rows}
    assert all(id == uuid5(occurrence, "deferred") for id, occurrence in first.items())
    return {first[row.id]: occurrence_id(row.id, row.occurrence) for row in rows}


def _rows(engine: Engine) -> Sequence[Any]:
    with engine.connect() as connection:
        return connection.execute(text(DEFERRED)).all()
