"""Decides if a notification waits for the end of quiet hours or for the next digest."""

from datetime import datetime, timedelta

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

LATE = timedelta(minutes=10)  # after its time; later, a chosen time no longer counts


def defer(
    due: DueNotification,
    recipient: Recipient,
    adapters: Adapters,
    *,
    is_digest: bool,
    is_late: bool,
) -> bool:
    """Defer a notification that may not arrive now; return True if it was deferred.

    A time that the user chose counts in quiet hours, unless the attempt is late.

    Due times use the clock of the database. Our clock counts only if it is ahead. Otherwise the end
    of quiet hours would be too early, and the notification would wait again.
    """
    preferences = recipient.preferences
    now = max(adapters.clock(), due.deliver_at)
    rings = due.explicit_time and not is_late and now - due.deliver_at < LATE
    quiet_until = None if rings else preferences.quiet_until(now)
    digest_at = None if is_digest else preferences.next_digest(now)
    if digest_at and due.channel == "email" and not address_problem(due):
        return wait_for_digest(due, recipient, adapters, quiet_until, digest_at)
    if quiet_until:
        defer_until(due, recipient, adapters, quiet_until, "QUIET_HOURS")
    return quiet_until is not None


def wait_for_digest(
    due: DueNotification,
    recipient: Recipient,
    adapters: Adapters,
    quiet_until: datetime | None,
    digest_at: datetime,
) -> bool:
    """Defer an e-mail until its digest, or add it to the digest after the wait."""
    has_waited = adapters.deferrals.reason(due.notification_id) == "DIGEST"
    if has_waited and quiet_until is None:
        add_to_digest(due, recipient, adapters)
    else:
        until = quiet_until if has_waited and quiet_until else digest_at
        defer_until(due, recipient, adapters, until, "DIGEST")
    return True


def defer_until(
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


def add_to_digest(due: DueNotification, recipient: Recipient, adapters: Adapters) -> None:
    """Add an e-mail to a digest, which follows a little later and contains all due e-mails."""
    at = max(adapters.clock(), due.deliver_at) + GATHERING
    at = recipient.preferences.quiet_until(at) or at
    digest = digest_notification(recipient.user_id, due.email or "", at)
    delivery = delivery_of(due, recipient.user_id, NO_TARGET)
    if adapters.deferrals.add_to_digest(delivery, DigestItem.of(due), digest):
        adapters.observe(delivery, "collected")
