"""One attempt at a delivery: claimed, sent, settled."""

import logging
from collections.abc import Callable

from notification_service.adapters import Adapters
from notification_service.deliveries import LEASES, Claim, Delivery, Outcome, Standing
from notification_service.errors import (
    InvalidToken,
    Misconfigured,
    NeverRetry,
    OutcomeUnknown,
    ProviderError,
    RetryLater,
    Unregistered,
)

logger = logging.getLogger(__name__)


def attempt(delivery: Delivery, send: Callable[[], str], adapters: Adapters) -> float | None:
    """Claim, send, settle; seconds to wait before another attempt, or None when it is over."""
    claim = claim_of(delivery, adapters)
    if claim.standing is not Standing.OURS:
        return wait_for(claim)
    try:
        settle(delivery, Outcome(provider_id=send()), adapters)
    except RetryLater as error:
        adapters.deliveries.release(delivery, str(error))
        adapters.observe(delivery, "retried")
        report(delivery, error)
        return error.after or 0.0
    except OutcomeUnknown as error:
        adapters.deliveries.doubt(delivery, str(error))
        adapters.observe(delivery, "unknown")
        report(delivery, error)
        return LEASES[delivery.channel].total_seconds()
    except NeverRetry as error:
        forget = isinstance(error, Unregistered | InvalidToken)
        settle(delivery, Outcome(reason=error.reason), adapters, forget_device=forget)
    return None


def claim_of(delivery: Delivery, adapters: Adapters) -> Claim:
    claim = adapters.deliveries.claim(delivery, LEASES[delivery.channel])
    adapters.observe_claim(delivery, claim)
    return claim


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


def wait_for(claim: Claim) -> float | None:
    return claim.free_in if claim.standing is Standing.HELD else None


def settle(
    delivery: Delivery, outcome: Outcome, adapters: Adapters, *, forget_device: bool = False
) -> None:
    adapters.deliveries.settle(delivery, outcome, forget_device=forget_device)
    adapters.observe(delivery, outcome.state)


def fail(delivery: Delivery, reason: str, adapters: Adapters) -> None:
    """Settle a delivery that nothing can be sent for."""
    claim = claim_of(delivery, adapters)
    if claim.standing is Standing.OURS:
        settle(delivery, Outcome(reason=reason), adapters)
