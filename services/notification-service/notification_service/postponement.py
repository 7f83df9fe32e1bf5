"""Whether a notification waits: for the end of quiet hours, or for the next digest."""

from datetime import datetime

from event_messages.contract import Deferral, DueNotification

from notification_service.adapters import Adapters
from notification_service.deferrals import (
    GATHERING,
    DigestItem,
    digest_notification,
    later_notification,
)
from notification_service.deliveries import NO_TARGET, delivery_of
from notification_service.sending import Recipient, address_problem


def defer(
    due: DueNotification, recipient: Recipient, adapters: Adapters, *, is_digest: bool
) -> bool:
    """Whether it was put off.

    A notification is due by the database's clock, so ours counts only where it is ahead:
    otherwise the end of quiet hours would be a moment too early, and be waited for again.
    """
    preferences = recipient.preferences
    now = max(adapters.clock(), due.deliver_at)
    quiet_until = preferences.quiet_until(now)
    digest_at = None if is_digest else preferences.next_digest(now)
    if digest_at and due.channel == "email" and not address_problem(due):
        return collect(due, recipient, adapters, quiet_until, digest_at)
    if quiet_until:
        put_off(due, recipient, adapters, quiet_until, "QUIET_HOURS")
    return quiet_until is not None


def collect(
    due: DueNotification,
    recipient: Recipient,
    adapters: Adapters,
    quiet_until: datetime | None,
    digest_at: datetime,
) -> bool:
    """Let an e-mail wait for its digest, or put it in when it has waited."""
    has_waited = adapters.deferrals.reason(due.notification_id) == "DIGEST"
    if has_waited and quiet_until is None:
        put_in(due, recipient, adapters)
    else:
        until = quiet_until if has_waited and quiet_until else digest_at
        put_off(due, recipient, adapters, until, "DIGEST")
    return True


def put_off(
    due: DueNotification,
    recipient: Recipient,
    adapters: Adapters,
    until: datetime,
    reason: Deferral,
) -> None:
    delivery = delivery_of(due, recipient.user_id, NO_TARGET)
    later = later_notification(due, recipient.user_id, until, reason)
    if adapters.deferrals.defer(delivery, later):
        adapters.observe(delivery, "deferred")


def put_in(due: DueNotification, recipient: Recipient, adapters: Adapters) -> None:
    """The digest itself comes a little later, so that it finds all that is due with it."""
    at = max(adapters.clock(), due.deliver_at) + GATHERING
    at = recipient.preferences.quiet_until(at) or at
    digest = digest_notification(recipient.user_id, due.email or "", at)
    delivery = delivery_of(due, recipient.user_id, NO_TARGET)
    if adapters.deferrals.collect(delivery, DigestItem.of(due), digest):
        adapters.observe(delivery, "collected")
