"""Spares a provider that is down, and the messages that would use up their receives on it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from notification_service.errors import NeverRetry, OutcomeUnknown, RetryLater, Throttled

Item = TypeVar("Item", contravariant=True)


class Provider(Protocol[Item]):
    def send(self, item: Item, /) -> str: ...


class CircuitBreaker:
    """Opens after `failures` in a row, then lets one call through after each pause.

    A pause is twice as long as the one before it. Throttling counts for nothing: it is about
    one device or about the rate, and the provider is there.
    """

    def __init__(
        self,
        provider: str,
        *,
        failures: int = 5,
        shortest_pause: float = 15.0,  # seconds
        longest_pause: float = 900.0,  # seconds
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider, self._failures, self._clock = provider, failures, clock
        self._shortest_pause, self._longest_pause = shortest_pause, longest_pause
        self._lock = threading.Lock()
        self._failed = 0
        self._next_call = 0.0

    def call(self, send: Callable[[], str]) -> str:
        self._admit()
        try:
            answer = send()
        except Throttled:
            raise
        except (RetryLater, OutcomeUnknown):
            self._fail()
            raise
        except NeverRetry:
            self._succeed()
            raise
        self._succeed()
        return answer

    def is_open(self) -> bool:
        with self._lock:
            return self._failed >= self._failures

    def _admit(self) -> None:
        with self._lock:
            if self._failed < self._failures:
                return
            left = self._next_call - self._clock()
            if left > 0:
                problem = f"{self._provider} failed {self._failed} times in a row and is spared."
                raise RetryLater(problem, after=left)
            self._next_call = self._clock() + self._pause()  # this call is the only probe

    def _fail(self) -> None:
        with self._lock:
            self._failed += 1
            if self._failed >= self._failures:
                self._next_call = self._clock() + self._pause()

    def _succeed(self) -> None:
        with self._lock:
            self._failed = 0

    def _pause(self) -> float:
        doublings = min(max(0, self._failed - self._failures), 32)
        return float(min(self._longest_pause, self._shortest_pause * 2**doublings))


class Guarded(Generic[Item]):
    """A provider behind its breaker."""

    def __init__(self, provider: Provider[Item], breaker: CircuitBreaker) -> None:
        self._provider, self._breaker = provider, breaker

    def send(self, item: Item) -> str:
        return self._breaker.call(lambda: self._provider.send(item))
