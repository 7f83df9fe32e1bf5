"""Stops calling a provider that is down or that rejects our configuration."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from notification_service.errors import ProviderError, RetryLater

Item = TypeVar("Item", contravariant=True)


class Provider(Protocol[Item]):
    def send(self, item: Item, /) -> str: ...


class CircuitBreaker:
    """Opens after `failures` of one fault in a row, then admits one call after each pause.

    `faults` maps each fault of a ProviderError to True if it counts, or to False if it shows that
    the provider works. Other faults have no effect. Each pause is twice as long as the previous
    one.
    """

    def __init__(
        self,
        refusal: str,
        faults: Mapping[str, bool],
        *,
        error: type[RetryLater] = RetryLater,
        failures: int = 5,
        shortest_pause: float = 15.0,  # seconds
        longest_pause: float = 900.0,  # seconds
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._refusal, self._faults, self._error = refusal, faults, error
        self._failures, self._clock = failures, clock
        self._shortest_pause, self._longest_pause = shortest_pause, longest_pause
        self._lock = threading.Lock()
        self._failed = 0
        self._next_call = 0.0

    def call(self, send: Callable[[], str]) -> str:
        self._admit()
        try:
            answer = send()
        except ProviderError as error:
            counts = self._faults.get(error.fault)
            if counts:
                self._fail()
            elif counts is False:
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
                raise self._error(self._refusal, after=left)
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
