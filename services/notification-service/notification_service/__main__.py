"""`python -m notification_service` serves until SIGTERM; with `migrate`, prepares the database."""

import sys
from typing import NoReturn

import httpx
from event_messages.dead_letters import DeadLetterQueue
from pydantic import SecretStr
from service_runtime.aws import aws_client
from service_runtime.command import run_command
from service_runtime.database import create_database_engine, ping
from service_runtime.event_consumer import event_consumer
from service_runtime.event_publisher import topic_publisher
from service_runtime.logs import configure_logs
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.probes import all_of
from service_runtime.process import DRAIN, HttpServer, run_process
from service_runtime.rate_limit import PostgresBuckets
from service_runtime.settings import EXIT_BAD_SETTINGS, read_settings
from service_runtime.span_export import export_spans
from sqlalchemy import Engine

from notification_service.adapters import Adapters
from notification_service.api import device_api
from notification_service.circuit_breaker import CircuitBreaker, Guarded, Provider
from notification_service.deferral_store import PostgresDeferrals
from notification_service.delivery_store import PostgresDeliveries
from notification_service.device_store import PostgresDevices, PostgresSuppressedAddresses
from notification_service.errors import Misconfigured
from notification_service.failover import Failover
from notification_service.fcm_access import ServiceAccountAccess, service_account
from notification_service.fcm_push import FcmPush
from notification_service.handlers import handle, read
from notification_service.metrics import count_claim, count_delivery, watch
from notification_service.preference_store import PostgresPreferences
from notification_service.retention import ForgetfulDeliveries
from notification_service.senders import Senders
from notification_service.ses_email import Email, SesEmail, ses_client
from notification_service.settings import Settings
from notification_service.shared_connections import SharedConnections
from notification_service.smtp_email import SmtpEmail, SmtpServer
from notification_service.template_api import template_routes
from notification_service.templates import Templates
from notification_service.texts import Texts
from notification_service.traced_provider import FCM, SES, SMTP, Traced
from notification_service.unsubscription import Unsubscription

NAME = "notification-service"


def serve() -> None:
    settings = read_settings(Settings)
    configure_logs(NAME, settings.log_level)
    export_spans(NAME)
    push = fcm_push(settings.fcm_credentials, str(settings.fcm_url))
    engine = create_database_engine(settings)
    unsubscription = unsubscription_of(settings, engine)
    adapters = adapters_of(settings, engine, push, unsubscription)
    relay = OutboxRelay(engine, topic_publisher(settings.event_topic_arn))
    consumer = event_consumer(
        aws_client("sqs"),
        settings.notification_queue_url,
        lambda event: handle(event, adapters),
        dead_letters=DeadLetterQueue(settings.notification_dead_letters_url, NAME),
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
        live=all_of(consumer=consumer.alive, outbox=relay.alive),
        ready=all_of(database=lambda: ping(engine), queue=consumer.receiving),
        identity=settings.identity(),
    )
    api.include_router(template_routes(adapters.texts))
    server = HttpServer(api, settings.http_port, drain=DRAIN)
    run_process(server, consumer, ForgetfulDeliveries(engine, buckets), after=[relay])


def fcm_push(credentials: SecretStr, url: str) -> FcmPush:
    try:
        account = service_account(credentials.get_secret_value())
    except Misconfigured as error:
        refuse_settings(error)
    http = httpx.Client(transport=SharedConnections(), timeout=httpx.Timeout(20, connect=5))
    return FcmPush(http, ServiceAccountAccess(account, http), url, str(account.project_id))


def unsubscription_of(settings: Settings, engine: Engine) -> Unsubscription | None:
    """E-mails have links to unsubscribe if it is told where they lead."""
    if settings.unsubscribe_url is None:
        return None
    if settings.unsubscribe_key is None:
        refuse_settings(Misconfigured("UNSUBSCRIBE_URL needs UNSUBSCRIBE_KEY, which signs links."))
    key = settings.unsubscribe_key.get_secret_value()
    return Unsubscription(str(settings.unsubscribe_url), key, PostgresPreferences(engine))


def adapters_of(
    settings: Settings, engine: Engine, push: FcmPush, unsubscription: Unsubscription | None
) -> Adapters:
    return Adapters(
        devices=PostgresDevices(engine),
        preferences=PostgresPreferences(engine),
        deliveries=PostgresDeliveries(engine),
        deferrals=PostgresDeferrals(engine),
        suppressed=PostgresSuppressedAddresses(engine),
        push=Guarded(Traced(push, FCM), watch("fcm", CircuitBreaker("FCM"))),
        email=email_provider(settings),
        texts=Texts(Templates()),
        senders=Senders(),
        observe=count_delivery,
        observe_claim=count_claim,
        unsubscribe_link=unsubscription.link if unsubscription else lambda user_id: None,
    )


def email_provider(settings: Settings) -> Provider[Email]:
    """SES, and a mail server behind it if one is named."""
    email = SesEmail(
        ses_client(),
        sender=settings.email_sender,
        template=settings.ses_template,
        configuration_set=settings.ses_configuration_set,
    )
    ses = Guarded(Traced(email, SES), watch("ses", CircuitBreaker("SES")))
    if settings.smtp_url is None:
        return ses
    try:
        server = SmtpServer.parse(settings.smtp_url.get_secret_value())
    except Misconfigured as error:
        refuse_settings(error)
    smtp = SmtpEmail(server, sender=settings.email_sender)
    return Failover(ses, Guarded(Traced(smtp, SMTP), watch("smtp", CircuitBreaker("SMTP"))))


def refuse_settings(error: Misconfigured) -> NoReturn:
    print(error, file=sys.stderr)
    raise SystemExit(EXIT_BAD_SETTINGS) from None


if __name__ == "__main__":
    run_command(NAME, "notification_service", serve)
