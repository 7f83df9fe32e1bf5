"""What a test sees of the platform: when it is at rest, and what it did."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.faults.history import Accepted, Effect, Sent, Verdict, judge

PATIENCE = 60  # seconds
WAITING = "select count(*) from outbox where published_at is null and attempts = 0"
PENDING = "select count(*) from notifications where state = 'pending'"
RETRIES = "select count(*) from waiting_notifications"
UNKNOWNS = "select occurrence_id, target, unknowns from deliveries where unknowns > 0"


@dataclass(frozen=True)
class Stores:
    reminders: Engine
    notifications: Engine
    devices: Engine
    pending: str = PENDING  # counts the notifications that are to be sent

    @property
    def busy(self) -> int:
        """Rows that something is still to be done about, the first in the flow first."""
        return (
            _count(self.reminders, WAITING)
            + _count(self.notifications, self.pending)
            + _count(self.notifications, WAITING)
            + _count(self.devices, RETRIES)
            + _count(self.devices, WAITING)
        )

    @property
    def unknown(self) -> dict[Effect, int]:
        with self.devices.connect() as connection:
            rows = connection.execute(text(UNKNOWNS)).all()
        return {Effect(occurrence, target): unknowns for occurrence, target, unknowns in rows}


def rest(stores: Stores, waiting: Callable[[], int], patience: float = PATIENCE) -> None:
    """Return when nothing is on its way any more; `waiting` counts messages in queues."""
    end, quiet = time.monotonic() + patience, 0
    while quiet < 3:  # what was just leaving one store has arrived in the next
        assert time.monotonic() < end, f"{stores.busy} rows and {waiting()} messages still wait"
        quiet = 0 if _unfinished(stores, waiting) else quiet + 1
        time.sleep(0.1 if quiet else 0.25)  # to look takes time from those at work


def verdict_of(accepted: Sequence[Accepted], sent: Sequence[Sent], stores: Stores) -> Verdict:
    """Printed as well, so that a run shows how much of it was unknown."""
    verdict = judge(accepted, sent, stores.unknown)
    print(f"{len(accepted)} promised, {len(sent)} sent, {verdict.unknown} attempts unknown")
    return verdict


def told(items: Iterable[dict[str, Any]]) -> Counter[Effect]:
    """How often the event store has it that an effect was achieved."""
    delivered = [item["data"] for item in items if item["type"] == "notification:delivered"]
    return Counter(Effect(UUID(data["occurrenceId"]), data["target"]) for data in delivered)


def _unfinished(stores: Stores, waiting: Callable[[], int]) -> bool:
    """Queues are asked last, for the emulator is slow to answer."""
    try:
        return bool(stores.busy or waiting())
    except DBAPIError:
        return True  # the server is away


def _count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(query)) or 0)
