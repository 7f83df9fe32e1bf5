"""Adapters that pass a named point between any two steps, where a test may kill them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from event_messages.content import Channel
from event_messages.contract import PendingNotification
from event_messages.event import Event
from event_messages.publisher import Failed, Outgoing
from event_messages.topic import TopicClient
from notification_scheduler.due import Due, Settlement
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_service.deferral_store import PostgresDeferrals
from notification_service.deferrals import DigestItem
from notification_service.deliveries import Claim, Delivery, Outcome
from notification_service.delivery_store import PostgresDeliveries
from notification_service.waiting import NotNow, Waiting
from notification_service.waiting_store import PostgresWaitingNotifications
from service_runtime.event_publisher import TracedPublisher
from sqlalchemy import Engine

Pass = Callable[[str], None]


@dataclass(frozen=True)
class NotedPublisher:
    """Passes a point before and after each publication."""

    name: str
    publisher: TracedPublisher
    reach: Pass

    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
        self.reach(f"{self.name}: after commit, before publish")
        failed = self.publisher.publish(messages)
        self.reach(f"{self.name}: after publish, before mark")
        return failed


@dataclass(frozen=True)
class NotedTopics:
    """Passes a point between the batches of a publication."""

    topics: TopicClient
    name: str
    reach: Pass

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        entries = PublishBatchRequestEntries
        answer = self.topics.publish_batch(TopicArn=TopicArn, PublishBatchRequestEntries=entries)
        self.reach(f"{self.name}: between batches")
        return answer


class NotedDueNotifications(PostgresDueNotifications):
    def __init__(self, pool: Any, lease: float, claims: Any, reach: Pass) -> None:
        super().__init__(pool, lease, claims)
        self._reach = reach

    def claim(self, limit: int) -> list[Due]:
        claimed = super().claim(limit)
        if claimed:
            self._reach("scheduler: after claim, before publish")
        return claimed

    def settle(self, settlements: Sequence[Settlement]) -> int:
        if settlements:
            self._reach("scheduler: after publish, before settle")
        return super().settle(settlements)


class NotedDeliveries(PostgresDeliveries):
    def __init__(self, engine: Engine, reach: Pass) -> None:
        super().__init__(engine)
        self._reach = reach

    def claim_all(self, deliveries: Sequence[Delivery], lease: timedelta) -> Sequence[Claim]:
        claims = super().claim_all(deliveries, lease)
        self._reach("delivery: after claim, before send")
        return claims

    def settle_all(self, settlements: Sequence[tuple[Delivery, Outcome]]) -> None:
        self._reach("delivery: after send, before settle")
        super().settle_all(settlements)


class NotedDeferrals(PostgresDeferrals):
    def __init__(self, engine: Engine, reach: Pass) -> None:
        super().__init__(engine)
        self._reach = reach

    def defer(self, delivery: Delivery, later: PendingNotification) -> bool:
        deferred = super().defer(delivery, later)
        self._reach("delivery: after deferral, before delete")
        return deferred

    def add_to_digest(
        self, delivery: Delivery, item: DigestItem, digest: PendingNotification
    ) -> bool:
        collected = super().add_to_digest(delivery, item, digest)
        self._reach("delivery: after collection, before delete")
        return collected

    def close(self, digest_id: UUID) -> Sequence[DigestItem]:
        held = super().close(digest_id)
        if held:
            self._reach("delivery: after closing the digest, before claim")
        return held


class NotedWaitingNotifications(PostgresWaitingNotifications):
    def __init__(self, engine: Engine, lease: timedelta, reach: Pass) -> None:
        super().__init__(engine, lease=lease)
        self._reach = reach

    def put(self, event: Event, delay: NotNow) -> None:
        self._reach("waiting: before storing")
        super().put(event, delay)
        self._reach("waiting: after storing, before delete")

    def claim(self, channel: Channel, limit: int) -> Sequence[Waiting]:
        claimed = super().claim(channel, limit)
        if claimed:
            self._reach("waiting: after claim, before attempt")
        return claimed

    def finish(self, waiting: Waiting) -> None:
        self._reach("waiting: after attempt, before finish")
        super().finish(waiting)
