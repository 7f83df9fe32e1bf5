"""Builds the parts of the service and runs them."""

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import NoReturn

import httpx
from event_messages.content import CHANNELS, Channel
from event_messages.dead_letters import DeadLetterQueue
from service_runtime.aws import aws_client
from service_runtime.command import prepare_process
from service_runtime.database import create_database_engine, ping
from service_runtime.event_consumer import event_consumer
from service_runtime.event_publisher import topic_publisher
from service_runtime.measuring import Measuring, count_messages, outbox_measures
from service_runtime.metrics import DEAD_LETTERS
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.probes import check_all
from service_runtime.process import DRAIN, Part, http_servers, run_process
from service_runtime.rate_limit import PostgresBuckets
from service_runtime.settings import EXIT_BAD_SETTINGS
from service_runtime.upkeep import Upkeep
from sqlalchemy import Engine

from notification_service.adapters import Adapters
from notification_service.api import device_api
from notification_service.circuit_breaker import Provider
from notification_service.deferral_store import PostgresDeferrals
from notification_service.delivery_store import PostgresDeliveries
from notification_service.device_store import PostgresDevices, PostgresSuppressedAddresses
from notification_service.errors import Misconfigured
from notification_service.failover import Failover
from notification_service.fcm_access import ServiceAccountAccess, service_account
from notification_service.fcm_message import Push
from notification_service.fcm_push import PATIENCE, FcmPush
from notification_service.handlers import handle, read, retry
from notification_service.metrics import (
    CANARY_DELIVERED,
    count_claim,
    count_delivery,
    start_text_counters,
    waiting_measures,
)
from notification_service.pacing import SharedPace
from notification_service.preference_store import PostgresPreferences
from notification_service.protected_provider import ProtectedProvider
from notification_service.retries import Retries
from notification_service.senders import Senders
from notification_service.ses_account import SesAccount
from notification_service.ses_email import Email, SesEmail, ses_client
from notification_service.settings import Settings
from notification_service.shared_connections import SharedConnections
from notification_service.smtp_email import SmtpEmail, SmtpServer
from notification_service.templates import Templates
from notification_service.texts import Texts
from notification_service.unsubscription import Unsubscription
from notification_service.waiting_store import PostgresWaitingNotifications

NAME = "notification-service"


def serve() -> None:
    settings = prepare_process(NAME, Settings)
    push = ProtectedPush(fcm_push(settings))
    engine = create_database_engine(settings)
    unsubscription = unsubscription_of(settings, engine)
    account = SesAccount(ses_client())
    pace = SharedPace(engine, sending_rates(settings, account))
    adapters = adapters_of(settings, engine, push, unsubscription, pace)
    attempt = partial(retry, adapters=adapters)
    retries = {name: Retries(name, adapters.waiting, attempt) for name in CHANNELS}
    relay = OutboxRelay(engine, topic_publisher(settings.event_topic_arn))
    queues, dead_letters = aws_client("sqs"), settings.notification_dead_letters_url
    consumer = event_consumer(
        queues,
        settings.notification_queue_url,
        lambda event: handle(event, adapters),
        dead_letters=DeadLetterQueue(dead_letters, NAME),
        read=read,
        recover=lambda: ping(engine),
    )
    buckets = PostgresBuckets(engine, settings.rate())
    api = device_api(
        adapters.devices,
        push,
        adapters.preferences,
        unsubscription,
        buckets=buckets,
        live=check_all(
            consumer=consumer.alive,
            outbox=relay.alive,
            **{f"retries of {name}": one.alive for name, one in retries.items()},
        ),
        ready=check_all(database=lambda: ping(engine)),  # the API needs no queue
        identity=settings.identity(),
    )
    measures = {DEAD_LETTERS: lambda: count_messages(queues, dead_letters)}
    waiting = waiting_measures(adapters.waiting.oldest_age, *CHANNELS)
    measuring = Measuring(measures | outbox_measures(engine) | waiting)
    CANARY_DELIVERED.set_to_current_time()
    upkeep = Upkeep(
        adapters.deliveries.forget,
        adapters.deferrals.forget,
        PostgresDevices(engine).delete_dead,
        buckets.forget,
    )
    servers = http_servers(api, settings, drain=DRAIN)
    senders: list[Part] = [*retries.values(), account, upkeep]
    run_process(*servers, measuring, consumer, *senders, after=[relay])


def fcm_push(settings: Settings) -> FcmPush:
    try:
        account = service_account(settings.fcm_credentials.get_secret_value())
    except Misconfigured as error:
        refuse_settings(error)
    http = httpx.Client(transport=SharedConnections(), timeout=PATIENCE)
    return FcmPush(
        http,
        ServiceAccountAccess(account, http),
        str(settings.fcm_url),
        str(account.project_id),
        lifetime=timedelta(hours=settings.push_lifetime_hours),
    )


class ProtectedPush(ProtectedProvider[Push]):
    """Checks tokens with FCM under the same protection as sends."""

    def __init__(self, fcm: FcmPush) -> None:
        super().__init__(fcm, "FCM")
        self._fcm = fcm

    def check(self, token: str) -> None:
        def check() -> str:
            self._fcm.check(token)
            return token

        self.call(check)


def unsubscription_of(settings: Settings, engine: Engine) -> Unsubscription | None:
    """Return the maker of links to unsubscribe, or None without UNSUBSCRIBE_URL."""
    if settings.unsubscribe_url is None:
        return None
    if settings.unsubscribe_key is None:
        refuse_settings(Misconfigured("UNSUBSCRIBE_URL requires UNSUBSCRIBE_KEY."))
    previous = settings.unsubscribe_previous_key
    return Unsubscription(
        str(settings.unsubscribe_url),
        settings.unsubscribe_key.get_secret_value(),
        PostgresPreferences(engine),
        previous.get_secret_value() if previous else None,
    )


def adapters_of(
    settings: Settings,
    engine: Engine,
    push: ProtectedPush,
    unsubscription: Unsubscription | None,
    pace: SharedPace,
) -> Adapters:
    texts = Texts(Templates())
    start_text_counters(texts.locales)
    return Adapters(
        devices=PostgresDevices(engine),
        preferences=PostgresPreferences(engine),
        deliveries=PostgresDeliveries(engine),
        deferrals=PostgresDeferrals(engine, collapse=settings.delivery_collapse),
        waiting=PostgresWaitingNotifications(
            engine,
            patience=timedelta(hours=settings.delivery_patience_hours),
            collapse=settings.delivery_collapse,
        ),
        suppressed=PostgresSuppressedAddresses(engine),
        push=push,
        email=email_provider(settings),
        texts=texts,
        senders=Senders(),
        pace=pace,
        observe=count_delivery,
        observe_claim=count_claim,
        unsubscribe_link=unsubscription.link if unsubscription else lambda user_id: None,
    )


def sending_rates(settings: Settings, account: SesAccount) -> dict[Channel, Callable[[], float]]:
    """Return the current rate of each paced channel."""
    email, push = settings.email_rate_per_second, settings.push_rate_per_second
    rates: dict[Channel, Callable[[], float]] = {"email": lambda: email or account.rate}
    return rates | {"push": lambda: push} if push else rates


def email_provider(settings: Settings) -> Provider[Email]:
    """Return SES, with a mail server as failover if SMTP_URL is set."""
    email = SesEmail(
        ses_client(),
        sender=settings.email_sender,
        template=settings.ses_template,
        configuration_set=settings.ses_configuration_set,
    )
    ses = ProtectedProvider(email, "SES")
    if settings.smtp_url is None:
        return ses
    try:
        server = SmtpServer.parse(settings.smtp_url.get_secret_value())
    except Misconfigured as error:
        refuse_settings(error)
    smtp = SmtpEmail(server, sender=settings.email_sender)
    return Failover(ses, ProtectedProvider(smtp, "SMTP"))


def refuse_settings(error: Misconfigured) -> NoReturn:
    print(error, file=sys.stderr)
    raise SystemExit(EXIT_BAD_SETTINGS) from None
