"""Builds the parts of the service and runs them."""

from datetime import UTC, datetime

from service_runtime.aws import aws_client
from service_runtime.command import prepare_process
from service_runtime.database import create_database_engine, ping
from service_runtime.event_publisher import topic_publisher
from service_runtime.measuring import Measuring, outbox_measures
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.process import DRAIN, http_servers, run_process
from service_runtime.rate_limit import PostgresBuckets
from service_runtime.upkeep import Upkeep
from service_runtime.zone_updates import ZoneUpdates

from reminder_service.api import reminder_api
from reminder_service.calendar.store import PostgresImports
from reminder_service.calendar.subscriptions import PostgresSubscriptions
from reminder_service.canary import Canary
from reminder_service.settings import Settings
from reminder_service.store import PostgresReminders
from reminder_service.time_zones import DynamoPreferredZones
from reminder_service.timeline import DynamoTimelines
from reminder_service.zone_changes import rezone

NAME = "reminder-service"
EVENT_STORE_TIMEOUT = 3  # seconds; a request waits for at most three attempts


def serve() -> None:
    settings = prepare_process(NAME, Settings)
    engine = create_database_engine(settings)
    relay = OutboxRelay(engine, topic_publisher(settings.event_topic_arn))
    reminders = PostgresReminders(engine, settings.reminders_per_user)
    buckets = PostgresBuckets(engine, settings.rate())
    event_store = aws_client("dynamodb", read_timeout=EVENT_STORE_TIMEOUT)
    app = reminder_api(
        reminders,
        DynamoTimelines(event_store, settings.event_store_table),
        buckets,
        imports=PostgresImports(engine, settings.reminders_per_user),
        subscriptions=PostgresSubscriptions(engine),
        zones=DynamoPreferredZones(event_store, settings.event_store_table),
        live=relay.alive,
        ready=lambda: ping(engine),
        identity=settings.identity(),
    )
    servers = http_servers(app, settings, drain=DRAIN)
    measuring = Measuring(outbox_measures(engine))
    canary = [Canary(reminders)] if settings.canary else []
    zones = ZoneUpdates(engine, lambda: rezone(engine, datetime.now(UTC)))
    upkeep = Upkeep(lambda: reminders.forget_answers(datetime.now(UTC)), buckets.forget)
    run_process(*servers, measuring, upkeep, zones, *canary, after=[relay])
