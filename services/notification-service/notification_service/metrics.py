"""Defines the metrics of deliveries."""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from event_messages.content import CHANNELS, Channel
from event_messages.contract import DueNotification
from prometheus_client import Counter, Gauge, Histogram
from service_runtime.measuring import Measures

from notification_service.deliveries import Claim, Delivery

CANARY = "canary"  # target of the canary's notifications, and their channel in metrics

DELIVERIES = Counter("deliveries_total", "Attempts to deliver", ["channel", "outcome"])
for channel in CHANNELS:
    for ending in ("delivered", "failed", "expired", "misconfigured"):
        DELIVERIES.labels(channel, ending)  # starts with 0, so that alarms see the first one
CLAIMS = Counter(
    "delivery_claims_total", "Claims of a delivery before sending", ["channel", "standing"]
)
FAILOVERS = Counter("email_failovers_total", "E-mails sent by SMTP because SES did not accept them")
FAILED_TEXTS = Counter(
    "text_template_failures_total", "Failures of templates", ["kind", "locale", "channel"]
)
ANSWERS = Counter("provider_answers_total", "Answers of providers by fault", ["provider", "fault"])
SPARED = Gauge("provider_spared", "1 while a failing provider is not called", ["provider"])
MISCONFIGURED = Gauge(
    "provider_misconfigured",
    "1 while a provider is not called because it rejects our configuration",
    ["provider"],
)
SANDBOXED = Gauge(
    "ses_account_sandboxed", "1 while SES sends only to verified addresses: no production access"
)
WAITING_AGE = Gauge(
    "waiting_notifications_oldest_seconds",
    "Time since the first attempt of the oldest waiting notification",
    ["channel"],
)
FEEDBACK = Counter(
    "email_feedback_total", "E-mails that bounced permanently or caused a complaint", ["kind"]
)
for kind in ("bounce", "complaint"):
    FEEDBACK.labels(kind)
CANARY_LATENESS = Histogram(
    "canary_lateness_seconds",
    "Time from the due time of the canary to its delivery",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 300, 3600),
)
CANARY_DELIVERED = Gauge(
    "canary_delivered_timestamp_seconds",
    "Time of this pod's last delivery of the canary, or of its start",
)


def count_delivery(delivery: Delivery, outcome: str) -> None:
    channel = CANARY if delivery.target == CANARY else delivery.channel
    DELIVERIES.labels(channel, outcome).inc()


def observe_canary(due: DueNotification) -> str:
    """Deliver a notification of the canary without a provider; return an id."""
    CANARY_LATENESS.observe(max(0.0, time.time() - due.deliver_at.timestamp()))
    CANARY_DELIVERED.set_to_current_time()
    return CANARY


def waiting_measures(oldest: Callable[[Channel], float], *channels: Channel) -> Measures:
    """Return the gauge of each channel, with the function that measures it."""
    return {WAITING_AGE.labels(one): partial(oldest, one) for one in channels}


def count_claim(delivery: Delivery, claim: Claim) -> None:
    CLAIMS.labels(delivery.channel, claim.standing.value).inc()


def start_text_counters(locales: Mapping[str, Iterable[str]]) -> None:
    """Start the counter of each template with 0, so that alerts see its first failure.

    `locales` contains the locales of each kind.
    """
    for kind, names in locales.items():
        for locale in names:
            for channel in CHANNELS:
                FAILED_TEXTS.labels(kind, locale, channel)


def count_failed_text(kind: str, locale: str, channel: str) -> None:
    FAILED_TEXTS.labels(kind, locale, channel).inc()
