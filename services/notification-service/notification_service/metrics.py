"""What this service measures about its deliveries."""

from prometheus_client import Counter, Gauge

from notification_service.circuit_breaker import CircuitBreaker
from notification_service.deliveries import Claim, Delivery

DELIVERIES = Counter("deliveries_total", "Attempts to deliver", ["channel", "outcome"])
CLAIMS = Counter(
    "delivery_claims_total", "Claims of a delivery before sending", ["channel", "standing"]
)
FAILOVERS = Counter("email_failovers_total", "E-mails given to SMTP because SES took none")
FAILED_TEXTS = Counter(
    "text_template_failures_total", "Texts that a template failed", ["kind", "locale", "channel"]
)
SPARED = Gauge("provider_spared", "1 while a failing provider is not called", ["provider"])


def count_delivery(delivery: Delivery, outcome: str) -> None:
    DELIVERIES.labels(delivery.channel, outcome).inc()


def count_claim(delivery: Delivery, claim: Claim) -> None:
    CLAIMS.labels(delivery.channel, claim.standing.value).inc()


def watch(provider: str, breaker: CircuitBreaker) -> CircuitBreaker:
    SPARED.labels(provider).set_function(lambda: float(breaker.is_open()))
    return breaker


def count_failed_text(kind: str, locale: str, channel: str) -> None:
    FAILED_TEXTS.labels(kind, locale, channel).inc()
