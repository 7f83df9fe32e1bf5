"""Duplicates, reordering, partial failures, throttling, lost answers and outages, by chance."""

import random
import time
from dataclasses import dataclass

import pytest

from tests.faults.history import Accepted
from tests.faults.neighbours import DetouringQueue, EventStore, Phones, Queues, Topics, Trouble
from tests.faults.observation import Stores, rest, told, verdict_of
from tests.faults.platform import Databases, Neighbours, running
from tests.faults.promises import Promises
from tests.postgresql import PostgresServer
from tests.services.event_messages.fakes import InMemoryQueue, InMemoryTopic

pytestmark = pytest.mark.integration

OUTAGE = 3  # seconds


@dataclass
class World:
    trouble: Trouble
    phones: Phones
    store: EventStore
    queues: tuple[InMemoryQueue, InMemoryQueue]
    dead_letters: InMemoryQueue
    neighbours: Neighbours

    def waiting(self) -> int:
        return sum(len(queue) for queue in self.queues)


@pytest.fixture
def world(seed: int) -> World:
    trouble = Trouble(seed)
    topics, queues = Topics(trouble), Queues(trouble)
    phones, store = Phones(trouble), EventStore(trouble)
    event_topic, notification_topic = InMemoryTopic("event"), InMemoryTopic("notification")
    dead_letters = InMemoryQueue("dead-letters")
    event_queue = DetouringQueue("event", trouble, dead_letters)
    notification_queue = DetouringQueue("notification", trouble, dead_letters)
    event_topic.subscribe(event_queue)
    notification_topic.subscribe(notification_queue, {"eventType": ["notification:send"]})
    notification_topic.subscribe(event_queue, {"eventType": ["notification:send"]})
    neighbours = Neighbours(
        topics=topics,
        queues=queues,
        event_topic=topics.add(event_topic),
        event_queue=queues.add(event_queue),
        notification_topic=topics.add(notification_topic),
        notification_queue=queues.add(notification_queue),
        dead_letters=queues.add(dead_letters),
        event_store=store,
        push=phones,
    )
    print(f"replay with --seed {seed}")
    return World(
        trouble, phones, store, (event_queue, notification_queue), dead_letters, neighbours
    )


@pytest.fixture
def promises(stores: Stores, seed: int) -> Promises:
    return Promises(stores.reminders, stores.devices, random.Random(seed))


def check(world: World, stores: Stores, accepted: list[Accepted]) -> None:
    verdict = verdict_of(accepted, world.phones.sent, stores)
    assert verdict.faultless, verdict
    assert world.dead_letters.bodies == []
    assert told(world.store.items) == dict.fromkeys((one.effect for one in accepted), 1)


def test_every_fourth_call_in_trouble(
    world: World, promises: Promises, databases: Databases, stores: Stores
) -> None:
    world.trouble.share = 0.25
    accepted = promises.make(20)
    with running(databases, world.neighbours):
        accepted += promises.make(20)
        time.sleep(3)
        world.trouble.share = 0
        rest(stores, world.waiting)
    assert world.trouble.troubles > 30
    check(world, stores, accepted)


def test_sns_and_sqs_errors_lose_nothing(
    world: World, promises: Promises, databases: Databases, stores: Stores
) -> None:
    accepted = promises.make(20)
    with running(databases, world.neighbours):
        time.sleep(0.3)
        world.trouble.outage = True
        sent = len(world.phones.sent)
        accepted += promises.make(20)
        time.sleep(OUTAGE)
        assert stores.busy > 0
        world.trouble.outage = False
        rest(stores, world.waiting)
    assert world.trouble.troubles > 5
    assert sent < len(accepted)
    check(world, stores, accepted)


def test_postgresql_restart_loses_nothing(
    world: World,
    promises: Promises,
    databases: Databases,
    stores: Stores,
    server: PostgresServer,
) -> None:
    accepted = promises.make(40)
    with running(databases, world.neighbours):
        for _ in range(2):
            time.sleep(1)
            server.stop_at_once()
            time.sleep(1)
            server.start()
        rest(stores, world.waiting)
    check(world, stores, accepted)
