"""All four services in one process, with leases short enough for tests."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from unittest.mock import patch

from botocore.exceptions import BotoCoreError, ClientError
from event_messages.content import Channel
from event_messages.dead_letters import DeadLetterQueue
from event_messages.event import Event
from event_messages.pace import Pace
from event_messages.publisher import Publisher
from event_messages.received import QueueClient
from event_messages.topic import TopicClient
from event_service import handlers as event_handlers
from event_service.event_store import DynamoEventStore
from event_service.notifications import PostgresNotifications
from notification_scheduler import scheduler as scheduling
from notification_scheduler.alarm import PostgresAlarm
from notification_scheduler.database import conninfo, open_claims_pool, open_pool
from notification_scheduler.sender import Sender
from notification_service import handlers as delivery_handlers
from notification_service import postponement, waiting
from notification_service.adapters import Adapters
from notification_service.circuit_breaker import Provider
from notification_service.deliveries import LEASES
from notification_service.device_store import PostgresDevices
from notification_service.fcm_message import Push
from notification_service.pacing import SharedPace
from notification_service.preference_store import PostgresPreferences
from notification_service.retries import Retries
from notification_service.senders import Senders
from notification_service.ses_email import Email
from notification_service.templates import Templates
from notification_service.texts import Texts
from service_runtime.database import create_database_engine, ping
from service_runtime.event_consumer import event_consumer
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.process import Part
from service_runtime.settings import DatabaseSettings
from sqlalchemy import Engine

from tests.faults.points import (
    NotedDeferrals,
    NotedDeliveries,
    NotedDueNotifications,
    NotedPublisher,
    NotedTopics,
    NotedWaitingNotifications,
    Pass,
)
from tests.services.notification_service.fakes import InMemoryEmail, InMemorySuppressedAddresses

LEASE = 2.0  # seconds, of claims, messages and deliveries
PACE = Pace(threads=4, wait=1, visibility=2, retry_base=0.2, retry_cap=1, grace=5)
CLOCK = scheduling.Pace(batch=50, retry_cap=1, refused_retry=1, grace=5, longest_wait=1)
THREADS = 4
SERVICES = ("reminder-service", "event-service", "notification-scheduler", "notification-service")


@dataclass(frozen=True)
class Databases:
    reminders: DatabaseSettings
    notifications: DatabaseSettings
    devices: DatabaseSettings


@dataclass(frozen=True)
class Neighbours:
    """What the services talk to, besides PostgreSQL."""

    topics: TopicClient
    queues: QueueClient
    event_topic: str
    event_queue: str
    notification_topic: str
    notification_queue: str
    dead_letters: str
    event_store: DynamoEventStore
    push: Provider[Push]
    email: Provider[Email] = field(default_factory=InMemoryEmail)


def _go_on(point: str) -> None:
    """Nothing happens at any point."""


@contextmanager
def running(
    databases: Databases,
    neighbours: Neighbours,
    reach: Pass = _go_on,
    services: Collection[str] = SERVICES,
) -> Iterator[Sequence[Part]]:
    """The parts of some services, each on a thread, until the end of the context."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict(LEASES, dict.fromkeys(LEASES, timedelta(seconds=LEASE))))
        stack.enter_context(patch.object(waiting, "FIRST_WAIT", 0.2))
        stack.enter_context(patch.object(waiting, "SHORTEST_WAIT", 0.1))
        stack.enter_context(patch.object(waiting, "LONGEST_WAIT", 1.0))
        # A digest is due when a test says so.
        stack.enter_context(patch.object(postponement, "GATHERING", timedelta(hours=1)))
        builders = {
            "reminder-service": partial(_reminder_service, databases.reminders),
            "event-service": partial(_event_service, databases.notifications),
            "notification-scheduler": partial(_scheduler, databases.notifications),
            "notification-service": partial(_notification_service, databases.devices),
        }
        parts = [part for name in services for part in builders[name](neighbours, reach, stack)]
        threads = [threading.Thread(target=part.run, daemon=True) for part in parts]
        for thread in threads:
            thread.start()
        yield parts
        for part in parts:
            part.stop()
        for thread in threads:
            thread.join(60)
        assert not [thread for thread in threads if thread.is_alive()]


def _reminder_service(
    database: DatabaseSettings, neighbours: Neighbours, reach: Pass, stack: ExitStack
) -> list[Part]:
    engine = _engine(database, stack)
    return [_relay("reminder relay", engine, neighbours, reach, stack)]


def _event_service(
    database: DatabaseSettings, neighbours: Neighbours, reach: Pass, stack: ExitStack
) -> list[Part]:
    engine = _engine(database, stack)
    notifications = PostgresNotifications(engine)

    def handle(event: Event) -> None:
        reach("event consumer: before effect")
        event_handlers.handle(event, notifications, neighbours.event_store)
        reach("event consumer: after effect, before delete")

    consumer = event_consumer(
        neighbours.queues,
        neighbours.event_queue,
        handle,
        dead_letters=DeadLetterQueue(neighbours.dead_letters, "event-service"),
        pace=PACE,
        retry_on=(ClientError, BotoCoreError),
        recover=lambda: ping(engine),
    )
    return [consumer, _relay("event relay", engine, neighbours, reach, stack)]


def _scheduler(
    database: DatabaseSettings, neighbours: Neighbours, reach: Pass, stack: ExitStack
) -> list[Part]:
    pool = stack.enter_context(open_pool(database))
    claims = stack.enter_context(open_claims_pool(database))
    alarm = PostgresAlarm(conninfo(database))
    stack.callback(alarm.close)
    topics = NotedTopics(neighbours.topics, "scheduler", reach)
    sender = Sender(topics, neighbours.notification_topic, THREADS)
    stack.callback(sender.close)
    due = NotedDueNotifications(pool, LEASE, claims, reach)
    return [scheduling.Scheduler(due, sender, alarm, CLOCK)]


def _notification_service(
    database: DatabaseSettings, neighbours: Neighbours, reach: Pass, stack: ExitStack
) -> list[Part]:
    engine = _engine(database, stack)
    senders = Senders(THREADS)
    stack.callback(senders.close)
    adapters = Adapters(
        devices=PostgresDevices(engine),
        deliveries=NotedDeliveries(engine, reach),
        deferrals=NotedDeferrals(engine, reach),
        waiting=NotedWaitingNotifications(engine, timedelta(seconds=LEASE), reach),
        suppressed=InMemorySuppressedAddresses(),
        preferences=PostgresPreferences(engine),
        push=neighbours.push,
        email=neighbours.email,
        texts=Texts(Templates()),
        senders=senders,
        pace=SharedPace(engine, {}),
    )

    def handle(event: Event) -> None:
        delivery_handlers.handle(event, adapters)
        reach("delivery: after settle, before delete")

    consumer = event_consumer(
        neighbours.queues,
        neighbours.notification_queue,
        handle,
        dead_letters=DeadLetterQueue(neighbours.dead_letters, "notification-service"),
        pace=PACE,
        read=delivery_handlers.read,
        recover=lambda: ping(engine),
    )
    attempt = partial(delivery_handlers.retry, adapters=adapters)
    channels: tuple[Channel, ...] = ("push", "email")
    retries = [
        Retries(channel, adapters.waiting, attempt, threads=THREADS, poll=0.25)
        for channel in channels
    ]
    return [consumer, *retries, _relay("delivery relay", engine, neighbours, reach, stack)]


def _relay(
    name: str, engine: Engine, neighbours: Neighbours, reach: Pass, stack: ExitStack
) -> OutboxRelay:
    topics = NotedTopics(neighbours.topics, name, reach)
    publisher = Publisher(topics, neighbours.event_topic)
    stack.callback(publisher.close)
    return OutboxRelay(engine, NotedPublisher(name, publisher, reach), poll=0.5)


def _engine(database: DatabaseSettings, stack: ExitStack) -> Engine:
    engine = create_database_engine(database)
    stack.callback(engine.dispose)
    return engine
