"""Tracks the messages that a consumer has received and not yet settled."""

import threading
import time
from dataclasses import dataclass

from event_messages.received import Received


@dataclass
class _Holding:
    message: Received
    since: float
    renewed: float
    started: bool = False


class InFlightMessages:
    """Tracks how long each message is held, and when its visibility must be renewed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[str, _Holding] = {}
        self._changed = threading.Condition()

    def add(self, message: Received) -> None:
        now = time.monotonic()
        with self._changed:
            self._held[message.receipt] = _Holding(message, now, now)

    def start(self, message: Received) -> bool:
        """Mark the message as started; return False if `give_up` removed it before."""
        with self._changed:
            if holding := self._held.get(message.receipt):
                holding.started = True
            return holding is not None

    def give_up(self) -> list[Received]:
        """Remove and return the messages whose handling has not started."""
        with self._changed:
            waiting = [holding.message for holding in self._held.values() if not holding.started]
            for message in waiting:
                del self._held[message.receipt]
            self._changed.notify_all()
        return waiting

    def remove(self, message: Received) -> None:
        with self._changed:
            self._held.pop(message.receipt, None)
            self._changed.notify_all()

    def wait_for_room(self, wanted: int, patience: float) -> int:
        """Wait up to `patience` seconds for `wanted` free places; return how many are free."""
        with self._changed:
            self._changed.wait_for(lambda: self._room() >= wanted, patience)
            return min(wanted, self._room())

    def wait_until_empty(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, timeout)

    def oldest(self) -> float:
        """Return the seconds since the consumer received its oldest message, or 0."""
        now = time.monotonic()
        with self._changed:
            return max((now - holding.since for holding in self._held.values()), default=0)

    def take_due(self, interval: float, longest: float) -> list[str]:
        """Return the receipts to renew now.

        A receipt is due every `interval` seconds, until its message was held for `longest` seconds.
        """
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
