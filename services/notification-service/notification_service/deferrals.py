"""Defers notifications in quiet hours, and collects e-mails for daily digests.

The scheduler of the platform is the clock. To defer a notification, the service requests a later
one with the command `notification:create`, in the transaction that settles this one. The id of the
new notification depends on the occurrence, so a repeat creates no second one.

A digest needs two steps. First, an e-mail is deferred until the digest is due, so that it can still
be cancelled. Then it is added to the open digest of the user. A notification of the digest follows
shortly afterwards, closes it, and is sent as one e-mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from event_messages.content import Content
from event_messages.contract import Deferral, DueNotification, PendingNotification
from event_messages.event import Event
from event_messages.identifiers import uuid7

from notification_service.deliveries import Delivery

GATHERING = timedelta(seconds=30)  # for the e-mails of a digest
# The user did not choose the later time, so `explicit_time` is omitted.
KEPT = {"occurrence", "reminder_id", "time_zone", "missed", *Content.model_fields}
LONGEST_OPEN = timedelta(hours=1)  # for a digest whose notification is late


@dataclass(frozen=True, kw_only=True)
class DigestItem:
    """Contains an e-mail that waits for a digest."""

    occurrence_id: UUID
    notification_id: UUID
    reminder_id: UUID | None
    content: Content
    occurrence: datetime

    @classmethod
    def of(cls, due: DueNotification) -> "DigestItem":
        return cls(
            occurrence_id=due.occurrence_id,
            notification_id=due.notification_id,
            reminder_id=due.reminder_id,
            content=due.content,
            occurrence=due.occurrence,
        )

    def delivery(self, digest: Delivery) -> Delivery:
        """Return the delivery of the item, which ends like that of its digest."""
        return Delivery(
            occurrence_id=self.occurrence_id,
            target=digest.target,
            channel=digest.channel,
            user_id=digest.user_id,
            notification_id=self.notification_id,
            reminder_id=self.reminder_id,
        )


def later_notification(
    due: DueNotification, user_id: str, until: datetime, reason: Deferral
) -> PendingNotification:
    """Return the notification that replaces a due one; its id is the same for repeats."""
    return PendingNotification(
        id=uuid5(due.occurrence_id, "deferred"),
        version=1,
        user_id=user_id,
        deliver_at=until,
        reason=reason,
        deferred_from=due.notification_id,
        **due.model_dump(include=KEPT),
    )


def combine(later: PendingNotification, earlier: UUID | None, count: int) -> PendingNotification:
    """Return one notification for a series: `later`, with `count` earlier occurrences."""
    if earlier is None:
        return later
    missed = later.missed + count
    return later.model_copy(update={"id": earlier, "version": count + 1, "missed": missed})


def digest_notification(user_id: str, email: str, at: datetime) -> PendingNotification:
    """Return the notification of a digest, whose text is written when it is due."""
    return PendingNotification(
        id=uuid7(),
        version=1,
        user_id=user_id,
        email=email,
        deliver_at=at,
        occurrence=at,
        channel="email",
        message="Your reminders",
        reason="DIGEST",
    )


def command_of(notification: PendingNotification) -> Event:
    return Event.new("notification:create", notification.user_id, notification)
