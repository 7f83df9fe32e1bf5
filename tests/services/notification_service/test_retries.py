"""The worker that attempts waiting notifications."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from event_messages.content import Channel
from notification_service.retries import Retries
from notification_service.waiting import NotNow, Waiting

from tests.services.notification_service.examples import due
from tests.services.notification_service.fake_waiting import InMemoryWaiting
from tests.services.notification_service.fakes import InMemoryDeliveries
from tests.waiting import eventually

LONG_AGO = NotNow("the provider is down", -3600, failed=False)


class DueAtOnce(InMemoryWaiting):
    def fill(self, count: int, channel: Channel = "push") -> None:
        for _ in range(count):
            event = due(occurrence_id=uuid4(), reminder_id=None, channel=channel)
            self.put(event, LONG_AGO)
        for row in self.rows.values():
            row.retry_at = row.stored_at


@contextmanager
def running(*retries: Retries) -> Iterator[None]:
    threads = [threading.Thread(target=one.run) for one in retries]
    for thread in threads:
        thread.start()
    yield
    for one in retries:
        one.stop()
    for thread in threads:
        thread.join(60)
    assert not [thread for thread in threads if thread.is_alive()]


def settle(waiting: InMemoryWaiting, one: Waiting) -> None:
    waiting.finish(one)


def worker(channel: Channel, waiting: InMemoryWaiting, attempt: Callable[..., None]) -> Retries:
    return Retries(channel, waiting, attempt, threads=3, poll=0.01, grace=5)


def test_due_notifications_are_attempted():
    waiting = DueAtOnce(InMemoryDeliveries())
    waiting.fill(10)
    with running(worker("push", waiting, partial(settle, waiting))):
        eventually(lambda: not waiting.rows)


def test_channels_wait_for_no_other():
    waiting, hangs = DueAtOnce(InMemoryDeliveries()), threading.Event()
    waiting.fill(10, "email")
    waiting.fill(10, "push")
    emails = worker("email", waiting, lambda one: hangs.wait(10))
    pushes = worker("push", waiting, partial(settle, waiting))
    with running(emails, pushes):
        eventually(lambda: len(waiting.rows) == 10)
        hangs.set()


def test_claims_match_free_threads():
    waiting, hangs = DueAtOnce(InMemoryDeliveries()), threading.Event()
    waiting.fill(10)
    with running(worker("push", waiting, lambda one: hangs.wait(10))):
        eventually(lambda: sum(row.claimed for row in waiting.rows.values()) == 3)
        assert sum(row.claimed for row in waiting.rows.values()) == 3
        hangs.set()


def test_database_outage_ends_no_worker():
    waiting, failures = DueAtOnce(InMemoryDeliveries()), [ConnectionError(), ConnectionError()]
    waiting.fill(1)
    claim = waiting.claim

    def fail_first(channel: Channel, limit: int) -> list[Waiting]:
        if failures:
            raise failures.pop()
        return [*claim(channel, limit)]

    waiting.claim = fail_first  # type: ignore[method-assign]
    with running(worker("push", waiting, partial(settle, waiting))):
        eventually(lambda: not waiting.rows)
