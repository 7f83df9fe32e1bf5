"""Divides the threads of the queue's consumer among the channels."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from event_messages.content import CHANNELS, Channel

from notification_service.waiting import NotNow

LANES = 8  # threads of one channel; the consumer has ten


class Lanes:
    """Limits the first attempts of each channel, so that a slow one does not block the others.

    Further notifications wait in the table, where each channel has its own threads.
    """

    def __init__(self, lanes: int = LANES) -> None:
        self._free = {channel: BoundedSemaphore(lanes) for channel in CHANNELS}

    @contextmanager
    def lane(self, channel: Channel) -> Iterator[None]:
        """Hold one thread of the channel; raise NotNow if none is free."""
        free = self._free[channel]
        if not free.acquire(blocking=False):
            raise NotNow("all threads of the channel are busy", failed=False)
        try:
            yield
        finally:
            free.release()
