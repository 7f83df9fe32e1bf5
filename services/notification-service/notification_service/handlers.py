"""What each message means to this service."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from event_messages import errors as messages
from event_messages.contract import DueNotification, data_of
from event_messages.event import Event

from notification_service import ses_notices
from notification_service.deliveries import (
    LEASES,
    NO_TARGET,
    Claim,
    Deliveries,
    Delivery,
    Outcome,
    Standing,
    delivery_of,
)
from notification_service.devices import Device, Devices
from notification_service.errors import (
    AddressSuppressed,
    InvalidToken,
    Misconfigured,
    NeverRetry,
    OutcomeUnknown,
    ProviderError,
    RetryLater,
    Unregistered,
)
from notification_service.fcm_push import Push
from notification_service.ses_email import Email
from notification_service.ses_notices import SuppressedAddresses

logger = logging.getLogger(__name__)

ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}")


class PushProvider(Protocol):
    def send(self, push: Push) -> str: ...


class EmailProvider(Protocol):
    def send(self, email: Email) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """What the actions work on."""

    devices: Devices
    deliveries: Deliveries
    suppressed: SuppressedAddresses
    push: PushProvider
    email: EmailProvider
    observe: Callable[[Delivery, str], None] = lambda delivery, outcome: None
    observe_claim: Callable[[Delivery, Claim], None] = lambda delivery, claim: None


def handle(event: Event, adapters: Adapters) -> None:
    """Act on one message; a repeat finds its deliveries settled and does nothing."""
    if event.type not in ACTIONS:
        raise messages.UnknownEvent(f"this service has no action for {event.type}")
    ACTIONS[event.type](event, adapters)


def notify(event: Event, adapters: Adapters) -> None:
    """Deliver one occurrence to its user."""
    due = data_of(event)
    if not isinstance(due, DueNotification):
        raise messages.MalformedEvent(f"{event.type} carries no due notification")
    CHANNELS[due.channel](due, event.user_id, adapters)


def notify_by_push(due: DueNotification, user_id: str, adapters: Adapters) -> None:
    """Each device has a delivery of its own, so that a throttled one repeats none of the others."""
    devices = adapters.devices.of(user_id)
    if not devices and not adapters.deliveries.exist(due.occurrence_id):
        fail(delivery_of(due, user_id, NO_TARGET), "NO_DEVICE", adapters)
    waits = [wait for device in devices if (wait := push_to(device, due, adapters)) is not None]
    if waits:
        raise messages.RetryLater(f"{len(waits)} of {len(devices)} pushes wait", min(waits))


def push_to(device: Device, due: DueNotification, adapters: Adapters) -> float | None:
    push = Push(
        token=device.fcm_token,
        message=due.message,
        notification_id=due.notification_id,
        occurrence_id=due.occurrence_id,
        url=due.url,
    )
    delivery = delivery_of(due, device.user_id, str(device.id))
    return attempt(delivery, lambda: adapters.push.send(push), adapters)


def notify_by_email(due: DueNotification, user_id: str, adapters: Adapters) -> None:
    if not due.email or not ADDRESS.fullmatch(due.email):
        reason = "BAD_ADDRESS" if due.email else "NO_ADDRESS"
        return fail(delivery_of(due, user_id, NO_TARGET), reason, adapters)
    email = Email(
        to=due.email,
        message=due.message,
        occurrence=due.occurrence,
        occurrence_id=due.occurrence_id,
        url=due.url,
    )
    wait = attempt(
        delivery_of(due, user_id, due.email), lambda: send_email(email, adapters), adapters
    )
    if wait is not None:
        raise messages.RetryLater("the e-mail waits", wait)


def send_email(email: Email, adapters: Adapters) -> str:
    if adapters.suppressed.includes(email.to):
        raise AddressSuppressed("The address bounced or complained before.")
    return adapters.email.send(email)


CHANNELS: dict[str, Callable[[DueNotification, str, Adapters], None]] = {
    "push": notify_by_push,
    "email": notify_by_email,
}


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


def note(event: Event, adapters: Adapters) -> None:
    """Act on what SES tells about an e-mail."""
    notice = ses_notices.parse(event.data)
    if notice is None or notice.kind not in ses_notices.ACTIONS:
        raise messages.MalformedEvent("the notice is of no kind that SES is known to publish")
    ses_notices.ACTIONS[notice.kind](notice, adapters.deliveries, adapters.suppressed)


ACTIONS: dict[str, Callable[[Event, Adapters], None]] = {
    "notification:send": notify,
    ses_notices.EVENT_TYPE: note,
}


def read(body: str) -> Event:
    """An event of the platform, or SES's own JSON, which comes through the same topic."""
    return ses_notices.event_of(body) or Event.from_json(body)
