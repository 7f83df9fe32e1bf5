"""Attempts waiting notifications, separately for each channel."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from event_messages.backoff import full_jitter
from event_messages.content import Channel
from event_messages.failures import describe
from opentelemetry.trace import SpanKind
from service_runtime.traces import Work, continue_trace

from notification_service.waiting import Waiting
from notification_service.waiting_store import PostgresWaitingNotifications

logger = logging.getLogger(__name__)


class Retries:
    """Claims the waiting notifications of one channel when they are due.

    Any number can run at once. Channels have separate threads, so that an outage of one provider
    does not delay the others.
    """

    def __init__(
        self,
        channel: Channel,
        waiting: PostgresWaitingNotifications,
        attempt: Callable[[Waiting], None],
        *,
        threads: int = 8,
        poll: float = 2.0,  # seconds between claims that return less than the free threads
        grace: float = 20.0,  # seconds for running attempts, from `stop`
    ) -> None:
        self._channel, self._waiting, self._attempt = channel, waiting, attempt
        self._threads, self._poll, self._grace = threads, poll, grace
        self._room = threading.Semaphore(threads)
        self._stopping = threading.Event()
        self._beat = time.monotonic()

    def run(self) -> None:
        """Claim and attempt until `stop`, then finish the running attempts."""
        failures = 0
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix=f"retry-{self._channel}")
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            try:
                self._turn(pool)
                failures = 0
            except Exception as error:  # of the database
                failures += 1
                reason = {"reason": describe(error)}
                logger.warning("could not claim retries; trying again", extra=reason)
                self._stopping.wait(0.1 + full_jitter(failures, base=0.2, cap=10))
        self._finish(pool)

    def stop(self) -> None:
        self._stopping.set()

    def alive(self) -> bool:
        """Return False when the loop hangs."""
        return time.monotonic() - self._beat < self._poll + 120

    def _turn(self, pool: ThreadPoolExecutor) -> None:
        room = self._free_threads()
        claimed = []
        try:
            if room:
                claimed = [*self._waiting.claim(self._channel, room)]
        finally:
            for _ in range(room - len(claimed)):
                self._room.release()
        for one in claimed:
            pool.submit(self._work, one)
        if not room or len(claimed) < room:
            self._stopping.wait(self._poll)

    def _free_threads(self) -> int:
        """Take every free thread, and wait briefly for the first."""
        if not self._room.acquire(timeout=1):
            return 0
        free = 1
        while self._room.acquire(blocking=False):
            free += 1
        return free

    def _work(self, waiting: Waiting) -> None:
        work = Work(
            f"retry {self._channel}", SpanKind.CONSUMER, {"herald.attempt": waiting.attempt}
        )
        try:
            with continue_trace(waiting.traceparent, work):
                self._attempt(waiting)
        except Exception:  # of the database; the lease ends the claim
            logger.exception("could not settle a retry; its lease ends")
        finally:
            self._room.release()

    def _finish(self, pool: ThreadPoolExecutor) -> None:
        end = time.monotonic() + self._grace
        for _ in range(self._threads):
            if not self._room.acquire(timeout=max(0, end - time.monotonic())):
                logger.error("a retry did not end in the grace period")
                break
        pool.shutdown(wait=False)
