"""`python -m event_service` serves until SIGTERM; with `migrate`, prepares the database."""

from botocore.exceptions import BotoCoreError, ClientError
from event_messages.dead_letters import DeadLetterQueue
from service_runtime.aws import aws_client
from service_runtime.command import run_command
from service_runtime.database import create_database_engine, ping
from service_runtime.event_consumer import event_consumer
from service_runtime.event_publisher import topic_publisher
from service_runtime.logs import configure_logs
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.probes import Check, all_of, health_app
from service_runtime.process import HttpServer, run_process
from service_runtime.settings import read_settings
from service_runtime.span_export import export_spans

from event_service.event_store import DynamoEventStore
from event_service.handlers import handle
from event_service.notifications import PostgresNotifications
from event_service.retention import Retention
from event_service.settings import Settings

NAME = "event-service"


def serve() -> None:
    settings = read_settings(Settings)
    configure_logs(NAME, settings.log_level)
    export_spans(NAME)
    engine = create_database_engine(settings)
    notifications = PostgresNotifications(engine)
    store = DynamoEventStore(aws_client("dynamodb"), settings.event_store_table)
    depends: dict[str, Check] = {"database": lambda: ping(engine), "event_store": store.ping}
    consumer = event_consumer(
        aws_client("sqs"),
        settings.event_queue_url,
        lambda event: handle(event, notifications, store),
        dead_letters=DeadLetterQueue(settings.event_dead_letters_url, NAME),
        retry_on=(ClientError, BotoCoreError),
        recover=all_of(**depends),
    )
    relay = OutboxRelay(engine, topic_publisher(settings.event_topic_arn))
    health = health_app(
        live=all_of(consumer=consumer.alive, outbox=relay.alive),
        ready=all_of(**depends, queue=consumer.receiving),
    )
    retention = Retention(notifications, settings.retention_days)
    run_process(HttpServer(health, settings.http_port), consumer, retention, after=[relay])


if __name__ == "__main__":
    run_command(NAME, "event_service", serve)
