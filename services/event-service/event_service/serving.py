"""Builds the parts of the service and runs them."""

from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError
from event_messages.dead_letters import DeadLetterQueue
from service_runtime.aws import aws_client
from service_runtime.command import prepare_process
from service_runtime.database import create_database_engine, ping
from service_runtime.event_consumer import event_consumer
from service_runtime.event_publisher import topic_publisher
from service_runtime.measuring import Measuring, count_messages, outbox_measures
from service_runtime.metrics import DEAD_LETTERS
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.probes import Check, check_all, health_app
from service_runtime.process import http_servers, run_process
from service_runtime.upkeep import Upkeep
from service_runtime.zone_updates import ZoneUpdates

from event_service.event_store import DynamoEventStore
from event_service.handlers import handle
from event_service.metrics import scheduler_measures
from event_service.notifications import PostgresNotifications
from event_service.settings import Settings

NAME = "event-service"


def serve() -> None:
    settings = prepare_process(NAME, Settings)
    engine = create_database_engine(settings)
    notifications = PostgresNotifications(engine)
    store = DynamoEventStore(aws_client("dynamodb"), settings.event_store_table)
    retention_time = timedelta(days=settings.retention_days)
    depends: dict[str, Check] = {"database": lambda: ping(engine), "event_store": store.ping}
    queues, dead_letters = aws_client("sqs"), settings.event_dead_letters_url
    consumer = event_consumer(
        queues,
        settings.event_queue_url,
        lambda event: handle(event, notifications, store, retention_time),
        dead_letters=DeadLetterQueue(dead_letters, NAME),
        retry_on=(ClientError, BotoCoreError),
        recover=check_all(**depends),
    )
    relay = OutboxRelay(engine, topic_publisher(settings.event_topic_arn))
    health = health_app(
        live=check_all(consumer=consumer.alive, outbox=relay.alive),
        ready=check_all(**depends, queue=consumer.receiving),
    )
    upkeep = Upkeep(lambda: notifications.forget(settings.retention_days))
    measures = {DEAD_LETTERS: lambda: count_messages(queues, dead_letters)}
    measuring = Measuring(measures | outbox_measures(engine) | scheduler_measures(notifications))
    zones = ZoneUpdates(engine, notifications.rezone)
    run_process(*http_servers(health, settings), measuring, consumer, upkeep, zones, after=[relay])
