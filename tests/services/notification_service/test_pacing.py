"""Sending no faster than the account allows."""

import time

import pytest
from notification_service.errors import Throttled
from notification_service.pacing import SharedPace
from notification_service.waiting import NotNow
from sqlalchemy import text

from tests.services.notification_service.examples import due
from tests.services.notification_service.world import BrokenEmail, World


class RecordedPace:
    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.taken, self.paused = error, [], []

    def take(self, channel, patience):
        self.taken.append((channel, patience))
        if self.error:
            raise self.error

    def pause(self, channel, seconds):
        self.paused.append((channel, seconds))


def paced(pace: RecordedPace, email: BrokenEmail | None = None) -> World:
    world = World(email=email)
    object.__setattr__(world.adapters, "pace", pace)
    return world


def test_paced_email_waits_unharmed():
    pace = RecordedPace(NotNow("the sending rate is used up", 3, failed=False))
    world = paced(pace)
    world.handle(due(channel="email"))
    [row] = world.waiting.rows.values()
    assert (row.waiting.failures, world.deliveries.rows) == (0, {})
    pace.error = None
    world.retry()
    assert len(world.email.sent) == 1
    assert pace.taken == [("email", 0.0), ("email", 10.0)]


def test_throttled_email_pauses_the_channel():
    pace = RecordedPace()
    world = paced(pace, BrokenEmail(Throttled("slow down", after=4)))
    world.handle(due(channel="email"))
    assert pace.paused == [("email", 4)]


@pytest.mark.integration
def test_pods_share_the_rate(engine):
    with engine.begin() as connection:
        connection.execute(text("delete from rate_limits"))
    pods = [SharedPace(engine, {"email": lambda: 2.0}) for _ in range(2)]
    for pod in pods:
        pod.take("email", 0)
        pod.take("push", 0)
    with pytest.raises(NotNow):
        pods[0].take("email", 0)
    started = time.monotonic()
    pods[1].take("email", 5)
    assert time.monotonic() - started > 0.1


@pytest.mark.integration
def test_paused_channel_sends_nothing(engine):
    pace = SharedPace(engine, {"email": lambda: 1000.0})
    pace.pause("email", 60)
    with pytest.raises(NotNow) as waiting:
        pace.take("email", 1)
    assert waiting.value.seconds > 50
