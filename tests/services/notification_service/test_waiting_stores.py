"""Waiting notifications, in memory and in PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from event_messages.event import Event
from notification_service.deliveries import Outcome, Stage, delivery_of
from notification_service.delivery_store import PostgresDeliveries
from notification_service.waiting import NotNow, due_of, id_of
from notification_service.waiting_store import PostgresWaitingNotifications
from sqlalchemy import Engine, text

from tests.services.notification_service.examples import NINE, REMINDER, due
from tests.services.notification_service.fake_waiting import InMemoryWaiting
from tests.services.notification_service.fakes import InMemoryDeliveries

DOWN = NotNow("the provider is down")
HOUR = timedelta(hours=1)
PATIENCE = timedelta(hours=72)


@dataclass
class Stores:
    waiting: Any
    deliveries: Any
    events: Callable[[], list[Event]]
    pass_time: Callable[[timedelta], None]

    def claim(self) -> list[Any]:
        return [*self.waiting.claim("push", 10)]

    def failed(self) -> list[tuple[str, str | None]]:
        return [(e.data["occurrenceId"], e.data["reason"]) for e in self.events()]


def in_memory(**options: Any) -> Stores:
    deliveries = InMemoryDeliveries()
    waiting = InMemoryWaiting(deliveries, **options)
    return Stores(waiting, deliveries, lambda: deliveries.outbox, waiting.pass_time)


def in_postgresql(engine: Engine, **options: Any) -> Stores:
    def events() -> list[Event]:
        with engine.connect() as connection:
            bodies = connection.scalars(text("select body from outbox order by position"))
            return [Event.from_json(body) for body in bodies]

    def pass_time(period: timedelta) -> None:
        changed = "retry_at = retry_at - :p, stored_at = stored_at - :p"
        with engine.begin() as connection:
            connection.execute(text(f"update waiting_notifications set {changed}"), {"p": period})

    waiting = PostgresWaitingNotifications(engine, **options)
    return Stores(waiting, PostgresDeliveries(engine), events, pass_time)


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.integration)])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return in_memory()
    return in_postgresql(request.getfixturevalue("engine"))


def occurrence(hours: int = 0, **changes: Any) -> Event:
    given = {"occurrence_id": uuid4(), "occurrence": NINE + hours * HOUR}
    return due(**(given | changes))


def test_stored_notification_waits_once(stores):
    event = occurrence()
    assert stores.waiting.admit(event)
    for _ in range(2):
        stores.waiting.put(event, DOWN)
    assert not stores.waiting.admit(event)
    assert stores.claim() == []
    stores.pass_time(HOUR)
    [claimed] = stores.claim()
    assert (claimed.event, claimed.attempt, claimed.failures, claimed.expired) == (
        event,
        1,
        1,
        False,
    )
    assert stores.claim() == []


def test_channels_are_claimed_apart(stores):
    stores.waiting.put(occurrence(channel="email"), DOWN)
    stores.pass_time(HOUR)
    assert stores.claim() == []
    assert len(stores.waiting.claim("email", 10)) == 1


def test_longest_overdue_is_claimed_first(stores):
    late, later = occurrence(reminder_id=None), occurrence(reminder_id=None)
    stores.waiting.put(late, DOWN)
    stores.pass_time(HOUR)
    stores.waiting.put(later, DOWN)
    stores.pass_time(HOUR)
    assert [one.event for one in stores.waiting.claim("push", 1)] == [late]


def test_postponed_notification_waits_again(stores):
    stores.waiting.put(occurrence(), DOWN)
    stores.pass_time(HOUR)
    [claimed] = stores.claim()
    stores.waiting.postpone(claimed, DOWN)
    assert stores.claim() == []
    stores.pass_time(HOUR)
    [again] = stores.claim()
    assert (again.attempt, again.failures) == (2, 2)


def test_finished_notification_is_forgotten(stores):
    event = occurrence()
    stores.waiting.put(event, DOWN)
    stores.pass_time(HOUR)
    [claimed] = stores.claim()
    stores.waiting.finish(claimed)
    stores.pass_time(HOUR)
    assert stores.claim() == []
    assert stores.waiting.admit(event)


def test_lost_claim_changes_nothing(stores):
    """A worker whose lease ended cannot disturb the worker that took over."""
    stores.waiting.put(occurrence(), DOWN)
    stores.pass_time(HOUR)
    [lost] = stores.claim()
    stores.pass_time(HOUR)
    [current] = stores.claim()
    stores.waiting.postpone(lost, DOWN)
    stores.waiting.finish(lost)
    stores.waiting.postpone(current, DOWN)
    stores.pass_time(HOUR)
    [again] = stores.claim()
    assert (again.attempt, again.failures) == (3, 2)


def test_waiting_too_long_expires(stores):
    stores.waiting.put(occurrence(), DOWN)
    stores.pass_time(PATIENCE)
    [claimed] = stores.claim()
    assert claimed.expired


def test_newer_occurrence_supersedes_waiting_ones(stores):
    events = [occurrence(hours) for hours in range(3)]
    stores.waiting.put(events[0], DOWN)
    assert [stores.waiting.admit(event) for event in events[1:]] == [False, False]
    stores.pass_time(HOUR)
    [claimed] = stores.claim()
    assert id_of(claimed.event) == id_of(events[2])
    assert due_of(claimed.event).missed == 2
    assert stores.failed() == [(str(id_of(event)), "SUPERSEDED") for event in events[:2]]
    assert stores.deliveries.stage(id_of(events[0])) is Stage.SETTLED


def test_late_older_occurrence_is_superseded(stores):
    newer, older = occurrence(1), occurrence(missed=2)
    stores.waiting.put(newer, DOWN)
    assert not stores.waiting.admit(older)
    stores.pass_time(HOUR)
    [claimed] = stores.claim()
    assert (id_of(claimed.event), due_of(claimed.event).missed) == (id_of(newer), 3)
    assert stores.failed() == [(str(id_of(older)), "SUPERSEDED")]


@pytest.mark.parametrize(
    "change",
    [
        {"reminder_id": None},
        {"reminder_id": uuid4()},
        {"channel": "email"},
    ],
)
def test_other_series_are_not_superseded(stores, change):
    stores.waiting.put(occurrence(**{"reminder_id": REMINDER} | change), DOWN)
    assert stores.waiting.admit(occurrence(1))


def test_claimed_occurrence_is_not_superseded(stores):
    stores.waiting.put(occurrence(), DOWN)
    stores.pass_time(HOUR)
    stores.claim()
    assert stores.waiting.admit(occurrence(1))


def test_partly_delivered_occurrence_was_not_missed(stores):
    older, newer = occurrence(), occurrence(1)
    phone, tablet = (delivery_of(due_of(older), "ada", str(uuid4())) for _ in range(2))
    stores.deliveries.claim_all([phone, tablet], HOUR)
    stores.deliveries.settle(phone, Outcome(provider_id="fcm-1"))
    stores.deliveries.release(tablet, 1, "throttled")
    stores.waiting.put(older, DOWN)
    stores.waiting.admit(newer)
    stores.pass_time(HOUR)
    [claimed] = stores.claim()
    assert (id_of(claimed.event), due_of(claimed.event).missed) == (id_of(newer), 0)
    assert [e.data["target"] for e in stores.events() if e.type == "notification:failed"] == [
        tablet.target
    ]


def test_unanswered_occurrence_is_not_superseded(stores):
    older, newer = occurrence(), occurrence(1)
    phone = delivery_of(due_of(older), "ada", str(uuid4()))
    stores.deliveries.claim(phone, HOUR)
    stores.deliveries.doubt(phone, 1, "no answer")
    stores.waiting.put(older, DOWN)
    stores.waiting.admit(newer)
    stores.pass_time(HOUR)
    assert {id_of(one.event) for one in stores.claim()} == {id_of(older), id_of(newer)}
    assert stores.events() == []


@pytest.mark.integration
def test_collapse_can_be_switched_off(engine):
    stores = in_postgresql(engine, collapse="none")
    stores.waiting.put(occurrence(), DOWN)
    assert stores.waiting.admit(occurrence(1))


@pytest.mark.integration
def test_occurrences_collapse_when_stored_together(engine):
    stores = in_postgresql(engine)
    events = [occurrence(hours) for hours in range(20)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda event: stores.waiting.put(event, DOWN), events))
    stores.pass_time(HOUR)
    [claimed] = stores.claim()
    assert id_of(claimed.event) == id_of(events[-1])
    assert due_of(claimed.event).missed == 19
    assert len(stores.failed()) == 19


@pytest.mark.integration
def test_workers_never_claim_the_same(engine):
    stores = in_postgresql(engine)
    for _ in range(40):
        stores.waiting.put(occurrence(reminder_id=None), DOWN)
    stores.pass_time(HOUR)
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: stores.waiting.claim("push", 5), range(12)))
    ids = [id_of(one.event) for claim in claims for one in claim]
    assert len(ids) == len(set(ids)) == 40


def test_oldest_age_is_of_a_channel(stores):
    stores.waiting.put(due(), DOWN)
    stores.pass_time(HOUR)
    ages = [stores.waiting.oldest_age(channel) for channel in ("push", "email")]
    assert 3600 <= ages[0] < 3660
    assert ages[1] < 1
