"""First attempts share the consumer's threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from event_messages.identifiers import uuid7
from notification_service.lanes import Lanes
from notification_service.waiting import NotNow

from tests.services.notification_service.examples import due
from tests.services.notification_service.world import World
from tests.waiting import eventually

CONSUMER_THREADS = 10


class HangingPush:
    """Does not answer until told; counts its calls."""

    def __init__(self) -> None:
        self.calls, self.answers = 0, threading.Event()

    def send(self, push):
        self.calls += 1
        self.answers.wait(60)
        return "message-1"


def test_hanging_push_delays_no_email():
    world, push = World("valid-1"), HangingPush()
    object.__setattr__(world.adapters, "push", push)
    pushes = [due(occurrence_id=uuid7(), reminder_id=None) for _ in range(CONSUMER_THREADS)]
    with ThreadPoolExecutor(CONSUMER_THREADS) as consumer:
        for event in pushes:
            consumer.submit(world.handle, event)
        try:
            eventually(lambda: push.calls == 8)
            consumer.submit(world.handle, due(channel="email")).result(10)
            assert len(world.email.sent) == 1
            assert world.problems() == ["all threads of the channel are busy"] * 2
        finally:
            push.answers.set()


def test_lane_is_free_after_error():
    lanes = Lanes(1)
    with pytest.raises(ZeroDivisionError), lanes.lane("push"):
        raise ZeroDivisionError
    with lanes.lane("push"), lanes.lane("email"), pytest.raises(NotNow), lanes.lane("push"):
        pass
