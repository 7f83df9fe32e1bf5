"""What is put off: notifications of quiet hours, and e-mails that a daily digest collects.

The platform's own scheduler is the clock. To defer is to ask for a notification that takes the
place of this one later, by the command `notification:create`; it is stored together with the
mark that this one is settled, and its id follows from the occurrence, so no repeat makes two.

A digest is made in two steps. An e-mail is deferred until the digest is due, so that it can
still be withdrawn; when it comes back it is collected into the user's open digest, whose own
notification comes a little later, closes it and is sent as one e-mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid5

from event_messages.contract import Deferral, DueNotification, PendingNotification
from event_messages.event import Event
from event_messages.identifiers import uuid7

from notification_service.deliveries import Delivery

GATHERING = timedelta(seconds=30)  # in which the e-mails of a digest come back
LONGEST_OPEN = timedelta(hours=1)  # of a digest whose notification is late


@dataclass(frozen=True, kw_only=True)
class DigestItem:
    """An e-mail as it is collected."""

    occurrence_id: UUID
    notification_id: UUID
    reminder_id: UUID | None
    email: str
    message: str
    url: str | None
    occurrence: datetime

    @classmethod
    def of(cls, due: DueNotification) -> "DigestItem":
        return cls(
            occurrence_id=due.occurrence_id,
            notification_id=due.notification_id,
            reminder_id=due.reminder_id,
            email=due.email or "",
            message=due.message,
            url=due.url,
            occurrence=due.occurrence,
        )

    def delivery(self, digest: Delivery) -> Delivery:
        """Its own delivery, which ends as that of its digest does."""
        return Delivery(
            occurrence_id=self.occurrence_id,
            target=digest.target,
            channel=digest.channel,
            user_id=digest.user_id,
            notification_id=self.notification_id,
            reminder_id=self.reminder_id,
        )


class Deferrals(Protocol):
    """Each step is one transaction, with the command that it publishes."""

    def defer(self, delivery: Delivery, later: PendingNotification) -> bool:
        """Let `later` take the place of an occurrence, unless that has begun or was deferred."""
        ...

    def reason(self, notification_id: UUID) -> Deferral | None:
        """Why the notification takes the place of another, if it does."""
        ...

    def collect(self, delivery: Delivery, item: DigestItem, digest: PendingNotification) -> bool:
        """Put an e-mail into the user's open digest, or into this new one if none is open."""
        ...

    def close(self, digest_id: UUID) -> Sequence[DigestItem]:
        """Let nothing more in; what it holds, in order, and nothing if it is no digest."""
        ...


def later_notification(
    due: DueNotification, user_id: str, until: datetime, reason: Deferral
) -> PendingNotification:
    """What takes the place of a due notification; each repeat of it gives the same id."""
    return PendingNotification(
        id=uuid5(due.occurrence_id, "deferred"),
        version=1,
        user_id=user_id,
        deliver_at=until,
        reason=reason,
        deferred_from=due.notification_id,
        **due.model_dump(include={"email", "occurrence", "channel", "message", "url"}),
        reminder_id=due.reminder_id,
        urgent=due.urgent,
    )


def digest_notification(user_id: str, email: str, at: datetime) -> PendingNotification:
    """Announces a digest; what it says is put together when it comes."""
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
