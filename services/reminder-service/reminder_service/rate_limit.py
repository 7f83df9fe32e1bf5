"""A token bucket per user."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response
from service_runtime.identity import AnyCaller

from reminder_service.errors import TooManyRequests

MOST_USERS = 100_000  # whose buckets are remembered; the longest unseen are full again


@dataclass(frozen=True)
class Allowance:
    """What is left to a user after a request; `wait` in seconds when it was one too many."""

    limit: int
    remaining: int
    reset: float  # seconds until the bucket is full
    wait: float = 0

    @property
    def headers(self) -> dict[str, str]:
        headers = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(math.ceil(self.reset)),
        }
        return {**headers, "Retry-After": str(math.ceil(self.wait))} if self.wait else headers


class TokenBuckets:
    """Each user has `burst` requests, given back at `per_second`; each replica counts its own."""

    def __init__(
        self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._turn = threading.Lock()

    def take(self, user_id: str) -> Allowance:
        with self._turn:
            now = self._clock()
            tokens, since = self._buckets.pop(user_id, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - since) * self._per_second)
            wait = 0.0 if tokens >= 1 else (1 - tokens) / self._per_second
            tokens -= 0 if wait else 1
            self._buckets[user_id] = (tokens, now)
            if len(self._buckets) > MOST_USERS:
                self._buckets.popitem(last=False)
        reset = (self._burst - tokens) / self._per_second
        return Allowance(self._burst, int(tokens), reset, wait)


def limit_rate(request: Request, response: Response, caller: AnyCaller) -> None:
    """Refuse a request when its user's bucket is empty; tell every answer what is left."""
    allowance = request.app.state.buckets.take(caller.user_id)
    if allowance.wait:
        raise TooManyRequests(headers=allowance.headers)
    response.headers.update(allowance.headers)
