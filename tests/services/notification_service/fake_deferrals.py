"""What is put off, in memory, beside the deliveries in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from event_messages.contract import Deferral, PendingNotification

from notification_service.deferrals import LONGEST_OPEN, DigestItem, command_of
from notification_service.deliveries import NO_TARGET, Delivery, Outcome, Stage
from notification_service.fakes import DeliveryRow, InMemoryDeliveries


@dataclass
class OpenDigest:
    id: UUID
    opened_at: datetime


@dataclass
class InMemoryDeferrals:
    deliveries: InMemoryDeliveries
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    open_digests: dict[str, OpenDigest] = field(default_factory=dict)  # by user

    def defer(self, delivery: Delivery, later: PendingNotification) -> bool:
        if not self._put_off(delivery, str(later.reason), later.id):
            return False
        held = self.deliveries.digest_items
        if delivery.notification_id in held:
            held[later.id] = held.pop(delivery.notification_id)
        self.deliveries.outbox.append(command_of(later))
        return True

    def reason(self, notification_id: UUID) -> Deferral | None:
        for row in self.deliveries.rows.values():
            if row.deferred_to == notification_id and row.outcome:
                return cast(Deferral, row.outcome.reason)
        return None

    def collect(self, delivery: Delivery, item: DigestItem, digest: PendingNotification) -> bool:
        if not self._put_off(delivery, "DIGEST", None):
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

    def _put_off(self, delivery: Delivery, reason: str, deferred_to: UUID | None) -> bool:
        if self.deliveries.stage(delivery.occurrence_id) is not Stage.NEW:
            return False
        row = DeliveryRow(delivery, "deferred", self.clock(), attempts=0)
        row.outcome, row.deferred_to = Outcome(reason=reason), deferred_to
        self.deliveries.rows[delivery.occurrence_id, NO_TARGET] = row
        return True
