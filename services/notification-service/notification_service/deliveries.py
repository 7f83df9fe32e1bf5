"""Deliveries: one occurrence on its way to one target, sent at most once as far as we can know.

A delivery is claimed before it is sent and settled after. What a repeated message finds:

- settled: nothing is done; so it is when the occurrence was deferred, for another notification
  takes its place then;
- claimed, and the lease still runs: another worker is sending it, so the message waits;
- waiting: the provider did not take it (RetryLater), so it is claimed and sent again;
- claimed or unknown, and the lease has ended: a worker died between the two, and it was sent
  or it was not. It is sent again. For a push that is harmless: the collapse key makes the second
  one replace the first. For an e-mail it would be a second e-mail, so its lease is long enough
  for SES to tell us: every e-mail carries its occurrence as a tag, and the `Send` notice that
  SES publishes settles the delivery. Only when no notice came is the e-mail sent again, because
  a reminder that never arrives is worse than one that arrives twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

from event_messages.contract import Channel, DeliveryOutcome, DueNotification
from event_messages.event import Event

LEASES: dict[Channel, timedelta] = {
    "push": timedelta(seconds=60),
    "email": timedelta(minutes=3),  # SES publishes its notices within seconds
}
NO_TARGET = "none"  # the target of a delivery that has nowhere to go


@dataclass(frozen=True, kw_only=True)
class Delivery:
    occurrence_id: UUID
    target: str  # a device's id or an e-mail address
    channel: Channel
    user_id: str
    notification_id: UUID
    reminder_id: UUID | None = None


class Standing(StrEnum):
    """Whose a delivery is after an attempt to claim it."""

    OURS = "ours"
    HELD = "held"
    SETTLED = "settled"


class Stage(StrEnum):
    """How far an occurrence has come, with all its targets."""

    NEW = "new"
    BEGUN = "begun"  # it was claimed for a target
    SETTLED = "settled"  # as a whole: it was deferred, or failed without a target


@dataclass(frozen=True, kw_only=True)
class Claim:
    standing: Standing
    attempts: int = 0
    unknowns: int = 0  # earlier attempts that ended nobody knows how
    free_in: float = 0.0  # seconds until the holder's lease ends


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a delivery ended: with the provider's id, or with the reason why not."""

    provider_id: str | None = None
    reason: str | None = None

    @property
    def state(self) -> Literal["delivered", "failed"]:
        return "delivered" if self.reason is None else "failed"


class Deliveries(Protocol):
    """Keeps deliveries; each settlement is published in the transaction that stores it."""

    def claim(self, delivery: Delivery, lease: timedelta) -> Claim: ...

    def claim_all(self, deliveries: Sequence[Delivery], lease: timedelta) -> Sequence[Claim]:
        """Claim different deliveries at once; the claims are in their order."""
        ...

    def release(self, delivery: Delivery, problem: str) -> None:
        """Give a claim back: the provider did not take it."""
        ...

    def doubt(self, delivery: Delivery, problem: str) -> None:
        """Keep the claim until its lease ends: the provider may have taken it."""
        ...

    def settle(self, delivery: Delivery, outcome: Outcome, *, forget_device: bool = False) -> bool:
        """Whether this was the first settlement; the device that it went to can go with it."""
        ...

    def settle_all(self, settlements: Sequence[tuple[Delivery, Outcome]]) -> None:
        """Settle different deliveries at once, whose devices stay."""
        ...

    def overturn(self, delivery: Delivery, reason: str) -> bool:
        """Whether a delivery that the provider had taken is now known to have failed."""
        ...

    def stage(self, occurrence_id: UUID) -> Stage: ...

    def of_email(self, occurrence_id: UUID) -> Delivery | None: ...


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
    """What the rest of the platform learns of a settled delivery."""
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
