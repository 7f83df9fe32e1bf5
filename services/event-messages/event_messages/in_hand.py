"""The messages that a consumer has received and not yet settled."""

import threading
import time
from dataclasses import dataclass

from event_messages.received import Received


@dataclass
class _Holding:
    message: Received
    since: float
    renewed: float
    begun: bool = False


class InHand:
    """Knows how long each message is held and when its visibility must be renewed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[str, _Holding] = {}
        self._changed = threading.Condition()

    def add(self, message: Received) -> None:
        now = time.monotonic()
        with self._changed:
            self._held[message.receipt] = _Holding(message, now, now)

    def begin(self, message: Received) -> bool:
        """Whether it may be handled: not when it was given up before."""
        with self._changed:
            if holding := self._held.get(message.receipt):
                holding.begun = True
            return holding is not None

    def give_up(self) -> list[Received]:
        """Those whose handling has not begun; it never will."""
        with self._changed:
            waiting = [one.message for one in self._held.values() if not one.begun]
            for message in waiting:
                del self._held[message.receipt]
            self._changed.notify_all()
        return waiting

    def remove(self, message: Received) -> None:
        with self._changed:
            self._held.pop(message.receipt, None)
            self._changed.notify_all()

    def room(self, wanted: int, patience: float) -> int:
        """How many more fit: `wanted`, or what there is after `patience` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._room() >= wanted, patience)
            return min(wanted, self._room())

    def wait_until_empty(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout)

    def oldest(self) -> float:
        """Seconds that the longest held message is held."""
        now = time.monotonic()
        with self._changed:
            return max((now - holding.since for holding in self._held.values()), default=0)

    def take_due(self, interval: float, longest: float) -> list[str]:
        """Receipts to renew now; one that is held for `longest` seconds is renewed no more."""
        now = time.monotonic()
        with self._changed:
            due = [
                receipt
                for receipt, holding in self._held.items()
                if now - holding.renewed >= interval and now - holding.since < longest
            ]
            for receipt in due:
                self._held[receipt].renewed = now
        return due

    def _room(self) -> int:
        return self._limit - len(self._held)
