"""Limits the sending rate to that of the provider's account, across all pods."""

import time
from collections.abc import Callable, Mapping

from event_messages.content import Channel
from service_runtime.rate_limit import PostgresBuckets, Rate
from sqlalchemy import Engine

from notification_service.waiting import NotNow

PATIENCE = 10.0  # seconds that a retry waits for its turn


class SharedPace:
    """Takes tokens from one bucket per channel in PostgreSQL; other channels are not limited."""

    def __init__(self, engine: Engine, rates: Mapping[Channel, Callable[[], float]]) -> None:
        self._engine, self._rates = engine, rates  # messages per second and channel
        self._paused: dict[Channel, float] = {}

    def take(self, channel: Channel, patience: float) -> None:
        """Wait at most `patience` seconds for the turn to send; raise NotNow if it is later."""
        if channel not in self._rates:
            return
        end = time.monotonic() + patience
        while wait := self._wait(channel):
            if time.monotonic() + wait > end:
                raise NotNow("the sending rate of the account is used up", wait, failed=False)
            time.sleep(wait)

    def pause(self, channel: Channel, seconds: float) -> None:
        """Pause all sends for some seconds, because the provider throttles them."""
        self._paused[channel] = time.monotonic() + seconds

    def _wait(self, channel: Channel) -> float:
        paused = self._paused.get(channel, 0.0) - time.monotonic()
        if paused > 0:
            return paused
        rate = self._rates[channel]()
        bucket = PostgresBuckets(self._engine, Rate(rate, max(1, int(rate))))
        return bucket.take(f"pace of {channel}").wait
