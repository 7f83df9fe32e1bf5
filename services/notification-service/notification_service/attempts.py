"""Attempts at deliveries: claimed, sent, settled."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from event_messages import errors as messages

from notification_service.adapters import Adapters
from notification_service.deliveries import LEASES, Claim, Delivery, Outcome, Standing
from notification_service.errors import (
    InvalidToken,
    Misconfigured,
    NeverRetry,
    ProviderError,
    RetryLater,
    Unregistered,
)

# Seconds of a lease after which nothing is sent any more: an answer may take 25 seconds.
LEAVE_UNSENT = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sending:
    """A delivery, and what sends it: it returns the provider's id or raises a ProviderError."""

    delivery: Delivery
    send: Callable[[], str]


def attempt(delivery: Delivery, send: Callable[[], str], adapters: Adapters) -> float | None:
    """Claim, send, settle; seconds to wait before another attempt, or None when it is over."""
    waits = attempt_all([Sending(delivery, send)], adapters)
    return waits[0] if waits else None


def attempt_all(sendings: Sequence[Sending], adapters: Adapters) -> list[float]:
    """Claim all at once, send them side by side and settle each when its answer is there.

    Returns the seconds to wait for each that needs another attempt. Claims and settlements are
    made by the calling thread, so that senders use up no database connections.
    """
    claims = claim_all([sending.delivery for sending in sendings], adapters)
    waits = [claim.free_in for claim in claims if claim.standing is Standing.HELD]
    ours = [
        sending
        for sending, claim in zip(sendings, claims, strict=True)
        if claim.standing is Standing.OURS
    ]
    unforeseen: list[Exception] = []
    for answered in adapters.senders.answers([sending.send for sending in ours], LEAVE_UNSENT):
        answers = [(ours[index].delivery, answer) for index, answer in answered]
        waits += settle_answers(answers, adapters)
        unforeseen += [answer for _, answer in answers if is_unforeseen(answer)]
    if unforeseen:  # its claim ends with its lease; the others are settled
        raise unforeseen[0]
    return waits


def settle_answers(
    answers: Sequence[tuple[Delivery, str | Exception]], adapters: Adapters
) -> list[float]:
    """What was delivered is stored in one transaction; each failure has its own."""
    delivered = [
        (delivery, Outcome(provider_id=answer))
        for delivery, answer in answers
        if isinstance(answer, str)
    ]
    if delivered:
        adapters.deliveries.settle_all(delivered)
    for delivery, outcome in delivered:
        adapters.observe(delivery, outcome.state)
    waits = [
        settle_failure(delivery, answer, adapters)
        for delivery, answer in answers
        if isinstance(answer, ProviderError)
    ]
    return [wait for wait in waits if wait is not None]


def settle_failure(delivery: Delivery, error: ProviderError, adapters: Adapters) -> float | None:
    if isinstance(error, RetryLater):
        adapters.deliveries.release(delivery, str(error))
        adapters.observe(delivery, "retried")
        report(delivery, error)
        return error.after or 0.0
    if isinstance(error, NeverRetry):
        forget = isinstance(error, Unregistered | InvalidToken)
        settle(delivery, Outcome(reason=error.reason), adapters, forget_device=forget)
        return None
    adapters.deliveries.doubt(delivery, str(error))
    adapters.observe(delivery, "unknown")
    report(delivery, error)
    return LEASES[delivery.channel].total_seconds()


def is_unforeseen(answer: str | Exception) -> TypeGuard[Exception]:
    return isinstance(answer, Exception) and not isinstance(answer, ProviderError)


def claim_all(deliveries: Sequence[Delivery], adapters: Adapters) -> Sequence[Claim]:
    if not deliveries:
        return []
    claims = adapters.deliveries.claim_all(deliveries, LEASES[deliveries[0].channel])
    for delivery, claim in zip(deliveries, claims, strict=True):
        adapters.observe_claim(delivery, claim)
    return claims


def report(delivery: Delivery, error: ProviderError) -> None:
    """Why a delivery waits; neither the address nor the token is told."""
    level = logging.ERROR if isinstance(error, Misconfigured) else logging.WARNING
    logger.log(
        level,
        "delivery waits",
        extra={
            "occurrence_id": str(delivery.occurrence_id),
            "channel": delivery.channel,
            "reason": f"{type(error).__name__}: {error}",
        },
    )


def settle(
    delivery: Delivery, outcome: Outcome, adapters: Adapters, *, forget_device: bool = False
) -> None:
    adapters.deliveries.settle(delivery, outcome, forget_device=forget_device)
    adapters.observe(delivery, outcome.state)


def fail(delivery: Delivery, reason: str, adapters: Adapters) -> None:
    """Settle a delivery that nothing can be sent for."""
    (claim,) = claim_all([delivery], adapters)
    if claim.standing is Standing.HELD:
        raise messages.RetryLater("another worker tells that it failed", claim.free_in)
    if claim.standing is Standing.OURS:
        settle(delivery, Outcome(reason=reason), adapters)
