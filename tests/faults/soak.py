"""Neighbours in a process of their own, and services that are killed and started again."""

import multiprocessing
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any
from uuid import UUID

from event_messages.contract import PreferencesUpdated
from event_messages.event import Event
from notification_service.fcm_message import Push

from tests.faults.history import Effect, Sent
from tests.faults.neighbours import DetouringQueue, Phones, Queues, Topics, Trouble
from tests.faults.platform import SERVICES, Databases, Neighbours, running
from tests.services.event_messages.fakes import InMemoryQueue, InMemoryTopic


@dataclass(frozen=True)
class Soak:
    """How much a soak test does; the defaults are those of the integration tests."""

    reminders: int = field(default=120, metadata={"meaning": "reminders"})
    kills: int = field(default=8, metadata={"meaning": "kills of a service by SIGKILL"})
    stops: int = field(default=2, metadata={"meaning": "immediate stops of the database"})
    outage: int = field(default=3, metadata={"meaning": "seconds without topics and provider"})
    trouble: int = field(default=10, metadata={"meaning": "percent of calls that go wrong"})


class ForgetfulTopic(InMemoryTopic):
    """Keeps nothing of what it passed on."""

    def _publish(self, entry: Any, answer: dict[str, Any]) -> None:
        super()._publish(entry, answer)
        self.events.clear()
        self.attributes.clear()


class World:
    """Topics, queues, event store and phones; they survive every kill of a service."""

    def __init__(self, seed: int, share: float) -> None:
        self._trouble = Trouble(seed, share)
        self._topics, self._queues = Topics(self._trouble), Queues(self._trouble)
        self._phones = Phones(self._trouble)
        self._events: set[UUID] = set()
        self._delivered: Counter[Effect] = Counter()
        events, notifications = ForgetfulTopic("event"), ForgetfulTopic("notification")
        self._dead = InMemoryQueue("dead-letters")
        self._waiting = [
            DetouringQueue(name, self._trouble, self._dead) for name in ("event", "notification")
        ]
        event_queue, notification_queue = self._waiting
        events.subscribe(event_queue)
        notifications.subscribe(notification_queue, {"eventType": ["notification:send"]})
        self._addresses = {
            "event_topic": self._topics.add(events),
            "event_queue": self._queues.add(event_queue),
            "notification_topic": self._topics.add(notifications),
            "notification_queue": self._queues.add(notification_queue),
            "dead_letters": self._queues.add(self._dead),
        }
        for client in (self._topics, self._queues):
            for name in vars(type(client)):
                if name.endswith(("_batch", "_message", "_attributes")):
                    setattr(self, name, getattr(client, name))

    def addresses(self) -> dict[str, str]:
        return self._addresses

    def append(self, event: Event) -> None:
        self._trouble.call("PutItem", lambda: self._append(event))

    def keep_preferences(self, preferences: PreferencesUpdated) -> None:
        """Nothing reads them here."""

    def send(self, push: Push) -> str:
        return self._phones.send(push)

    def set_outage(self, outage: bool) -> None:
        self._trouble.outage = outage

    def calm(self) -> None:
        self._trouble.share = 0.0

    def waiting(self) -> int:
        return sum(len(queue) for queue in self._waiting)

    def dead(self) -> list[str]:
        return self._dead.bodies

    def sent(self) -> list[Sent]:
        return self._phones.sent

    def delivered(self) -> Counter[Effect]:
        """How often the event store has it that an effect was achieved."""
        return self._delivered

    def troubles(self) -> int:
        return self._trouble.troubles

    def _append(self, event: Event) -> None:
        if event.id not in self._events and event.type == "notification:delivered":
            data = event.data
            self._delivered[Effect(UUID(data["occurrenceId"]), data["target"])] += 1
        self._events.add(event.id)


CALLS = (
    *("publish_batch", "receive_message", "delete_message_batch", "send_message_batch"),
    *("change_message_visibility_batch", "get_queue_attributes", "append", "keep_preferences"),
    *("addresses", "send", "set_outage", "calm", "waiting", "dead", "sent", "delivered"),
    "troubles",
)
_worlds: list[World] = []


class WorldManager(BaseManager):
    """Serves one world to all processes."""


WorldManager.register("world", callable=lambda: _worlds[0], exposed=CALLS)


@dataclass(frozen=True)
class Place:
    """Where the world is served."""

    address: str
    key: bytes

    def world(self) -> Any:
        manager = WorldManager(self.address, self.key)
        manager.connect()
        return manager.world()  # type: ignore[attr-defined]


def serve_world(place: Place, seed: int, share: float, ready: Any) -> None:
    _worlds.append(World(seed, share))
    server = WorldManager(place.address, place.key).get_server()
    ready.set()
    server.serve_forever()


def serve_service(name: str, databases: Databases, place: Place) -> None:
    """Run one service until it is killed."""
    world = place.world()
    neighbours = Neighbours(
        topics=world, queues=world, event_store=world, push=world, **world.addresses()
    )
    with running(databases, neighbours, services=[name]):
        signal.pause()


def loaded_context() -> Any:
    """Make processes from a server that has the services loaded already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.killing", "tests.faults.soak"])
    return context


class Services:
    """One process for each service."""

    def __init__(self, databases: Databases, place: Place) -> None:
        self._databases, self._place = databases, place
        self._processes = {name: self._start(name) for name in SERVICES}
        self.kills: Counter[str] = Counter()

    def kill(self, name: str) -> None:
        """Kill by SIGKILL and start anew."""
        self._end(name)
        self.kills[name] += 1
        self._processes[name] = self._start(name)

    def close(self) -> None:
        for name in SERVICES:
            self._end(name)

    def _end(self, name: str) -> None:
        process = self._processes[name]
        assert process.is_alive(), f"{name} ended by itself with {process.exitcode}"
        process.kill()
        process.join()
        process.close()

    def _start(self, name: str) -> Any:
        arguments = (name, self._databases, self._place)
        process = loaded_context().Process(target=serve_service, args=arguments, daemon=True)
        process.start()
        return process


@contextmanager
def world_at(folder: Path, seed: int, share: float) -> Iterator[Place]:
    """A world in a process of its own."""
    place = Place(str(folder / "world"), random.Random(seed).randbytes(16))
    context = loaded_context()
    ready = context.Event()
    process = context.Process(target=serve_world, args=(place, seed, share, ready), daemon=True)
    process.start()
    assert ready.wait(60)
    yield place
    process.kill()
    process.join()
    process.close()
