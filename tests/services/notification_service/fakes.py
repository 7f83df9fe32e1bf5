"""Stores and providers in memory that behave as the real ones do, for tests and demonstrations."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from event_messages.addresses import address_key
from event_messages.content import Content
from event_messages.event import Event
from notification_service.deferrals import DigestItem
from notification_service.deliveries import (
    NO_TARGET,
    Claim,
    Delivery,
    Outcome,
    Rejection,
    Stage,
    Standing,
    outcome_event,
)
from notification_service.delivery_statements import SETTLED, stage_by
from notification_service.devices import removed_event
from notification_service.errors import (
    InvalidToken,
    Throttled,
    Unregistered,
)
from notification_service.fcm_message import Push
from notification_service.preference_store import zone_of
from notification_service.preferences import Preferences, updated_event
from notification_service.ses_email import Email

from tests.services.notification_service.fake_devices import InMemoryDevices


@dataclass
class DeliveryRow:
    delivery: Delivery
    state: str
    lease_until: datetime
    attempts: int = 1
    unknowns: int = 0
    outcome: Outcome | None = None
    problem: str | None = None
    deferred_to: UUID | None = None


@dataclass
class InMemoryDeliveries:
    devices: InMemoryDevices = field(default_factory=InMemoryDevices)
    rows: dict[tuple[UUID, str], DeliveryRow] = field(default_factory=dict)
    digest_items: dict[UUID, list[DigestItem]] = field(default_factory=dict)  # by digest
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def outbox(self) -> list[Event]:
        return self.devices.outbox

    def claim(self, delivery: Delivery, lease: timedelta) -> Claim:
        with self._lock:
            now, row = datetime.now(UTC), self._row(delivery)
            if row is None:
                row = DeliveryRow(delivery, "claimed", now + lease)
                self.rows[delivery.occurrence_id, delivery.target] = row
                return Claim(standing=Standing.OURS, attempts=1)
            return reclaim(row, now, lease)

    def claim_all(self, deliveries: Sequence[Delivery], lease: timedelta) -> Sequence[Claim]:
        return [self.claim(delivery, lease) for delivery in deliveries]

    def settle_all(self, settlements: Sequence[tuple[Delivery, Outcome]]) -> None:
        for delivery, outcome in settlements:
            self.settle(delivery, outcome)

    def release(self, delivery: Delivery, attempt: int, problem: str) -> None:
        self._move(delivery, attempt, "waiting", problem)

    def doubt(self, delivery: Delivery, attempt: int, problem: str) -> None:
        self._move(delivery, attempt, "unknown", problem)

    def reject(self, whole: Delivery, reason: str) -> Rejection:
        with self._lock:
            states = self._states(whole.occurrence_id)
            if "held" in states.values():
                return Rejection.HELD
            waiting = [target for target, state in states.items() if state not in SETTLED]
            targets = [target for target in waiting if target != NO_TARGET]
            if not states or (NO_TARGET in waiting and not targets):
                targets = [NO_TARGET]
            for target in sorted(targets):
                delivery, outcome = replace(whole, target=target), Outcome(reason=reason)
                row = DeliveryRow(delivery, "failed", datetime.now(UTC), attempts=0)
                row = self.rows.setdefault((delivery.occurrence_id, target), row)
                row.state, row.outcome = "failed", outcome
                self._tell(delivery, outcome)
            reached = "delivered" in states.values()
            return Rejection.REACHED if reached else Rejection.ENDED

    def settle(self, delivery: Delivery, outcome: Outcome, *, forget_device: bool = False) -> bool:
        with self._lock:
            if forget_device:
                self._forget(delivery, outcome)
            row = self._row(delivery)
            if row is None or row.state in SETTLED:
                return False
            row.state, row.outcome = outcome.state, outcome
            self._tell(delivery, outcome)
            return True

    def overturn(self, delivery: Delivery, reason: str, problem: str = "") -> bool:
        with self._lock:
            row = self._row(delivery)
            if row is None or row.state == "failed":
                return False
            provider_id = row.outcome.provider_id if row.outcome else None
            row.state, row.outcome = "failed", Outcome(provider_id=provider_id, reason=reason)
            row.problem = problem or row.problem
            self._tell(delivery, row.outcome)
            return True

    def stage(self, occurrence_id: UUID) -> Stage:
        return stage_by(self._states(occurrence_id))

    def _states(self, occurrence_id: UUID) -> dict[str, str]:
        now = datetime.now(UTC)
        found = {key[1]: row for key, row in self.rows.items() if key[0] == occurrence_id}
        return {
            target: "held"
            if row.state in ("claimed", "unknown") and row.lease_until > now
            else row.state
            for target, row in found.items()
        }

    def of_email(self, occurrence_id: UUID) -> Delivery | None:
        found = (row.delivery for row in self.rows.values())
        return next(
            (d for d in found if d.occurrence_id == occurrence_id and d.channel == "email"), None
        )

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        """The outcome, which what a digest held shares."""
        items = self.digest_items.get(delivery.notification_id, [])
        self.outbox.append(outcome_event(delivery, outcome))
        self.outbox.extend(outcome_event(item.delivery(delivery), outcome) for item in items)
        self.digest_items |= {
            delivery.notification_id: [
                replace(item, content=Content(message="", email=item.content.email))
                for item in items
            ]
        }

    def _row(self, delivery: Delivery) -> DeliveryRow | None:
        return self.rows.get((delivery.occurrence_id, delivery.target))

    def _move(self, delivery: Delivery, attempt: int, state: str, problem: str) -> None:
        with self._lock:
            row = self._row(delivery)
            if row is not None and (row.state, row.attempts) == ("claimed", attempt):
                row.state, row.problem = state, problem

    def _forget(self, delivery: Delivery, outcome: Outcome) -> None:
        device_id = UUID(delivery.target)
        removed = removed_event(delivery.user_id, device_id, outcome.reason)
        self.devices.mark_dead(delivery.user_id, device_id, removed)


def reclaim(row: DeliveryRow, now: datetime, lease: timedelta) -> Claim:
    if row.state in SETTLED:
        return Claim(standing=Standing.SETTLED, attempts=row.attempts)
    if row.state != "waiting" and row.lease_until > now:
        free_in = (row.lease_until - now).total_seconds()
        return Claim(standing=Standing.HELD, attempts=row.attempts, free_in=free_in)
    row.unknowns += row.state != "waiting"
    row.state, row.lease_until, row.attempts = "claimed", now + lease, row.attempts + 1
    return Claim(standing=Standing.OURS, attempts=row.attempts, unknowns=row.unknowns)


@dataclass
class InMemorySuppressedAddresses:
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, address: str, reason: str) -> None:
        self.reasons.setdefault(address_key(address), reason)

    def includes(self, address: str) -> bool:
        return address_key(address) in self.reasons

    def remove(self, address: str) -> bool:
        return self.reasons.pop(address_key(address), None) is not None


@dataclass
class InMemoryPreferences:
    rows: dict[str, Preferences] = field(default_factory=dict)
    outbox: list[Event] = field(default_factory=list)

    def of(self, user_id: str) -> Preferences:
        return self.rows.get(user_id, Preferences())

    def change(self, user_id: str, make: Callable[[Preferences], Preferences]) -> Preferences:
        current = self.of(user_id)
        changed = replace(make(current), version=current.version)
        if changed != current:
            self.rows[user_id] = replace(changed, version=current.version + 1)
            if zone_of(changed) != zone_of(current):
                self.outbox.append(updated_event(user_id, self.rows[user_id]))
        return self.of(user_id)


@dataclass
class InMemoryPush:
    """Answers by the token's beginning, as the local inbox does."""

    sent: list[Push] = field(default_factory=list)
    throttles: dict[str, int] = field(default_factory=dict)  # token -> refusals so far

    def check(self, token: str) -> None:
        self._answer(token)

    def send(self, push: Push) -> str:
        self._answer(push.token)
        if push.token.startswith("throttled-") and self.throttles.get(push.token, 0) < 2:
            self.throttles[push.token] = self.throttles.get(push.token, 0) + 1
            raise Throttled("throttled", after=1.0)
        self.sent.append(push)
        return f"projects/local/messages/{len(self.sent)}"

    def _answer(self, token: str) -> None:
        if token.startswith("unregistered-"):
            raise Unregistered("unregistered")
        if token.startswith("invalid-"):
            raise InvalidToken("invalid")


@dataclass
class InMemoryEmail:
    sent: list[Email] = field(default_factory=list)

    def send(self, email: Email) -> str:
        self.sent.append(email)
        return f"message-{len(self.sent)}"
