"""Claims, sends and settles deliveries."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from event_messages.event import Event
from event_messages.failures import describe

from notification_service.adapters import Adapters
from notification_service.deliveries import (
    LEASES,
    Claim,
    Delivery,
    Outcome,
    Rejection,
    Standing,
)
from notification_service.errors import (
    InvalidToken,
    Misconfigured,
    NeverRetry,
    ProviderError,
    RetryLater,
    Throttled,
    Unregistered,
)
from notification_service.waiting import NotNow, whole_of

THROTTLED_PAUSE = 1.0  # seconds without e-mails after SES throttled one
# Seconds of a lease after which nothing is sent, because an answer may take 25 seconds.
LEAVE_UNSENT = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sending:
    """Pairs a delivery with a function that sends it.

    The function returns the provider's id or raises a ProviderError.
    """

    delivery: Delivery
    send: Callable[[], str]


@dataclass(frozen=True)
class Claimed:
    """Represents a delivery that this worker has claimed, with the number of the attempt."""

    sending: Sending
    attempt: int


def attempt(sendings: Sequence[Sending], adapters: Adapters) -> None:
    """Claim all deliveries, send them in parallel, and settle each at its answer.

    Raises NotNow if any delivery needs another attempt. Only the calling thread claims and settles,
    so that senders use no database connections.
    """
    claims = claim_all([sending.delivery for sending in sendings], adapters)
    delays = [
        NotNow("another worker has claimed the delivery", claim.free_in, failed=False)
        for claim in claims
        if claim.standing is Standing.HELD
    ]
    ours = [
        Claimed(sending, claim.attempts)
        for sending, claim in zip(sendings, claims, strict=True)
        if claim.standing is Standing.OURS
    ]
    unforeseen: list[Exception] = []
    sends = [one.sending.send for one in ours]
    for answered in adapters.senders.answers(sends, LEAVE_UNSENT):
        answers = [(ours[index], answer) for index, answer in answered]
        delays += settle_answers(answers, adapters)
        unforeseen += [one for _, one in answers if not isinstance(one, str | ProviderError)]
    if unforeseen:  # the lease ends its claim; the others are settled
        raise unforeseen[0]
    if delays:
        raise min(delays, key=lambda delay: delay.seconds)


def settle_answers(
    answers: Sequence[tuple[Claimed, str | Exception]], adapters: Adapters
) -> list[NotNow]:
    """Settle all successful deliveries in one transaction, and each failure separately."""
    delivered = [
        (one.sending.delivery, Outcome(provider_id=answer))
        for one, answer in answers
        if isinstance(answer, str)
    ]
    if delivered:
        adapters.deliveries.settle_all(delivered)
    for delivery, outcome in delivered:
        adapters.observe(delivery, outcome.state)
    delays = [
        settle_failure(one, answer, adapters)
        for one, answer in answers
        if isinstance(answer, ProviderError)
    ]
    return [delay for delay in delays if delay is not None]


def settle_failure(ours: Claimed, error: ProviderError, adapters: Adapters) -> NotNow | None:
    """Settle a failure by its class; return the delay if another attempt is needed."""
    delivery = ours.sending.delivery
    if isinstance(error, NeverRetry):
        forget = isinstance(error, Unregistered | InvalidToken)
        outcome = Outcome(reason=error.reason)
        adapters.deliveries.settle(delivery, outcome, forget_device=forget)
        adapters.observe(delivery, outcome.state)
        return None
    problem = describe(error)
    report(delivery, error, problem)
    if isinstance(error, RetryLater):
        adapters.deliveries.release(delivery, ours.attempt, problem)
        is_ours = isinstance(error, Misconfigured)
        if isinstance(error, Throttled) and delivery.channel == "email":
            adapters.pace.pause("email", error.after or THROTTLED_PAUSE)
        adapters.observe(delivery, "misconfigured" if is_ours else "retried")
        return NotNow(problem, error.after or 0.0, expires=not is_ours)
    adapters.deliveries.doubt(delivery, ours.attempt, problem)
    adapters.observe(delivery, "unknown")
    return NotNow(problem, LEASES[delivery.channel].total_seconds())


def claim_all(deliveries: Sequence[Delivery], adapters: Adapters) -> Sequence[Claim]:
    if not deliveries:
        return []
    claims = adapters.deliveries.claim_all(deliveries, LEASES[deliveries[0].channel])
    for delivery, claim in zip(deliveries, claims, strict=True):
        adapters.observe_claim(delivery, claim)
    return claims


def report(delivery: Delivery, error: ProviderError, problem: str) -> None:
    """Log why a delivery waits, without address or token."""
    level = logging.ERROR if isinstance(error, Misconfigured) else logging.WARNING
    logger.log(
        level,
        "delivery waits",
        extra={
            "occurrence_id": str(delivery.occurrence_id),
            "channel": delivery.channel,
            "reason": problem,
        },
    )


def reject(event: Event, reason: str, adapters: Adapters) -> None:
    """End an occurrence that is not sent any more."""
    whole = whole_of(event)
    rejection = adapters.deliveries.reject(whole, reason)
    if rejection is Rejection.HELD:
        lease = LEASES[whole.channel].total_seconds()
        raise NotNow("another worker may be sending the notification", lease, failed=False)
    if rejection is Rejection.ENDED:
        adapters.observe(whole, "failed")
