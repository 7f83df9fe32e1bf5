"""Token buckets in memory, with the clock of a test."""

import threading
from collections.abc import Callable

from service_runtime.rate_limit import Allowance, Rate


class InMemoryBuckets:
    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:  # seconds
        self._rate, self._clock = rate, clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._turn = threading.Lock()

    def take(self, user_id: str) -> Allowance:
        with self._turn:
            now = self._clock()
            tokens, since = self._buckets.get(user_id, (float(self._rate.burst), now))
            tokens = min(self._rate.burst, tokens + (now - since) * self._rate.per_second)
            taken = tokens >= 1
            self._buckets[user_id] = (tokens - taken, now)
        return self._rate.allowance(tokens - taken, taken)

    def charge(self, user_id: str, cost: int) -> None:
        with self._turn:
            tokens, since = self._buckets[user_id]
            self._buckets[user_id] = (tokens - cost, since)

    def forget(self) -> int:
        old = self._clock() - self._rate.full_after
        full = [user for user, (left, since) in self._buckets.items() if since < old and left >= 0]
        for user in full:
            del self._buckets[user]
        return len(full)
