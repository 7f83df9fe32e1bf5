"""What is put off, in memory, beside the deliveries in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from event_messages.contract import Deferral, PendingNotification
from notification_service.deferrals import LONGEST_OPEN, DigestItem, combine, command_of
from notification_service.deliveries import NO_TARGET, Delivery, Outcome, Stage

from tests.services.notification_service.fakes import DeliveryRow, InMemoryDeliveries


@dataclass
class OpenDigest:
    id: UUID
    opened_at: datetime


@dataclass
class InMemoryDeferrals:
    deliveries: InMemoryDeliveries
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    until: dict[UUID, datetime] = field(default_factory=dict)  # by what takes the place
    open_digests: dict[str, OpenDigest] = field(default_factory=dict)  # by user

    def defer(self, delivery: Delivery, later: PendingNotification) -> bool:
        if later.reason == "QUIET_HOURS":
            later = combine(later, *self._deferred_before(delivery, later))
        if not self._settle_as_deferred(delivery, str(later.reason), later.id):
            return False
        self.until[later.id] = later.deliver_at
        held = self.deliveries.digest_items
        if delivery.notification_id in held:
            held[later.id] = held.pop(delivery.notification_id)
        self.deliveries.outbox.append(command_of(later))
        return True

    def _deferred_before(
        self, delivery: Delivery, later: PendingNotification
    ) -> tuple[UUID | None, int]:
        found = [
            row.deferred_to
            for row in self.deliveries.rows.values()
            if row.deferred_to
            and row.delivery.reminder_id == delivery.reminder_id is not None
            and row.delivery.channel == delivery.channel
            and row.delivery.user_id == delivery.user_id
            and row.outcome == Outcome(reason=later.reason)
            and self.until.get(row.deferred_to) == later.deliver_at
            and row.delivery.occurrence_id != delivery.occurrence_id
        ]
        return (found[0], len(found)) if found else (None, 0)

    def reason(self, notification_id: UUID) -> Deferral | None:
        for row in self.deliveries.rows.values():
            if row.deferred_to == notification_id and row.outcome:
                return cast(Deferral, row.outcome.reason)
        return None

    def add_to_digest(
        self, delivery: Delivery, item: DigestItem, digest: PendingNotification
    ) -> bool:
        if not self._settle_as_deferred(delivery, "DIGEST", None):
            return False
        now, found = self.clock(), self.open_digests.get(delivery.user_id)
        if found is None or found.opened_at < now - LONGEST_OPEN:
            found = self.open_digests[delivery.user_id] = OpenDigest(digest.id, now)
            self.deliveries.outbox.append(command_of(digest))
        self.deliveries.digest_items.setdefault(found.id, []).append(item)
        return True

    def close(self, digest_id: UUID) -> Sequence[DigestItem]:
        for user_id, found in list(self.open_digests.items()):
            if found.id == digest_id:
                del self.open_digests[user_id]
        return tuple(self.deliveries.digest_items.get(digest_id, ()))

    def _settle_as_deferred(
        self, delivery: Delivery, reason: str, deferred_to: UUID | None
    ) -> bool:
        if self.deliveries.stage(delivery.occurrence_id) is not Stage.NEW:
            return False
        row = DeliveryRow(delivery, "deferred", self.clock(), attempts=0)
        row.outcome, row.deferred_to = Outcome(reason=reason), deferred_to
        self.deliveries.rows[delivery.occurrence_id, NO_TARGET] = row
        return True
