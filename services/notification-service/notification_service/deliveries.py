"""Represents deliveries: one occurrence for one target, sent at most once if possible.

A worker claims a delivery, sends it and settles it. For another attempt, a delivery is:

- settled: the attempt does nothing;
- claimed with a valid lease: another worker sends it, so the notification waits;
- waiting: the provider rejected it, so the attempt claims and sends it again;
- claimed or unknown with an expired lease: the result is not known. It is sent again, because a
  lost reminder is worse than a repeated one. The lease of an e-mail leaves SES enough time to
  publish its `Send` notice, which settles the delivery.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from event_messages.content import Channel
from event_messages.contract import DeliveryOutcome, DueNotification
from event_messages.event import Event

LEASES: dict[Channel, timedelta] = {
    "push": timedelta(seconds=60),
    "email": timedelta(minutes=3),  # SES publishes its notices within seconds
}
# A message stays 14 days in its queue and 14 days in the dead-letter queue. Afterwards it cannot be
# repeated, so its data are no longer needed.
KEPT = timedelta(days=30)
NO_TARGET = "none"  # target of a delivery without device or address


@dataclass(frozen=True, kw_only=True)
class Delivery:
    occurrence_id: UUID
    target: str  # device id or e-mail address
    channel: Channel
    user_id: str
    notification_id: UUID
    reminder_id: UUID | None = None


class Standing(StrEnum):
    """Names the holder of a delivery after a claim."""

    OURS = "ours"
    HELD = "held"
    SETTLED = "settled"


class Stage(StrEnum):
    """Describes the progress of an occurrence with all its targets."""

    NEW = "new"  # no target reached
    BEGUN = "begun"  # a target was reached, may have been reached, or a worker sends it now
    SETTLED = "settled"  # nothing left to do


class Rejection(StrEnum):
    """Describes the effect of the rejection of an occurrence."""

    ENDED = "ended"  # no target was reached, and none will be
    REACHED = "reached"  # a target was reached before
    HELD = "held"  # a worker may be sending it, so nothing changed


@dataclass(frozen=True, kw_only=True)
class Claim:
    standing: Standing
    attempts: int = 0
    unknowns: int = 0  # earlier attempts with an unknown outcome
    free_in: float = 0.0  # seconds until the lease of the holder ends


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Describes the end of a delivery: the id of the provider, or the reason of the failure."""

    provider_id: str | None = None
    reason: str | None = None

    @property
    def state(self) -> Literal["delivered", "failed"]:
        return "delivered" if self.reason is None else "failed"


def delivery_of(due: DueNotification, user_id: str, target: str) -> Delivery:
    return Delivery(
        occurrence_id=due.occurrence_id,
        target=target,
        channel=due.channel,
        user_id=user_id,
        notification_id=due.notification_id,
        reminder_id=due.reminder_id,
    )


def outcome_event(delivery: Delivery, outcome: Outcome) -> Event:
    """Return the event that reports a settled delivery."""
    data = DeliveryOutcome(
        notification_id=delivery.notification_id,
        reminder_id=delivery.reminder_id,
        occurrence_id=delivery.occurrence_id,
        channel=delivery.channel,
        target=delivery.target,
        provider_id=outcome.provider_id,
        reason=outcome.reason,
        settled_at=datetime.now(UTC),
    )
    return Event.new(f"notification:{outcome.state}", delivery.user_id, data)
