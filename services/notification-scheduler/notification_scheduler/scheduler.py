"""The loop that publishes each notification at the moment it is due."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import psycopg
from event_messages.backoff import full_jitter
from psycopg_pool import PoolTimeout

from notification_scheduler.alarm import Alarm
from notification_scheduler.due import Due, NextDue, Settlement, settlement_of
from notification_scheduler.metrics import CLAIMS, LATENESS, NOT_PUBLISHED, PUBLISHED
from notification_scheduler.sender import Outcome

UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)

logger = logging.getLogger(__name__)


class DueNotifications(Protocol):
    def claim(self, limit: int) -> list[Due]: ...
    def settle(self, settlements: Sequence[Settlement]) -> int: ...
    def release(self, dues: Sequence[Due], seconds: float = 0) -> None: ...
    def next_due(self) -> NextDue | None: ...


class Sender(Protocol):
    def send(self, dues: Sequence[Due], stopping: Callable[[], bool]) -> Outcome: ...


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Times are seconds."""

    batch: int = 1000  # notifications of one claim
    claims_at_work: int = 3
    shortest_turn: float = 0.005  # between claims that find less than a batch
    longest_wait: float = 10
    retry_cap: float = 30  # between tries when the topic or the database is away
    refused_retry: float = 900
    settle_tries: int = 5
    grace: float = 20


class Scheduler:
    """Any number can run at once; each claims what no other has."""

    def __init__(
        self, due: DueNotifications, sender: Sender, alarm: Alarm, pace: Pace | None = None
    ) -> None:
        self._due, self._sender, self._alarm = due, sender, alarm
        self._pace = pace or Pace()
        self._room = threading.Semaphore(self._pace.claims_at_work)
        self._stopping = threading.Event()
        self._beat = time.monotonic()
        self._failures = 0  # claims in a row of which nothing could be published
        self.published = 0

    def run(self) -> None:
        """Claim and publish until `stop`, then finish or release what is claimed."""
        workers = ThreadPoolExecutor(self._pace.claims_at_work, thread_name_prefix="claim")
        unreachable = 0
        try:
            while not self._stopping.is_set():
                self._beat = time.monotonic()
                try:
                    self._turn(workers)
                    unreachable = 0
                except UNREACHABLE as error:
                    unreachable += 1
                    self._wait_after(error, unreachable)
        finally:
            self._finish(workers)

    def stop(self) -> None:
        self._stopping.set()
        self._alarm.wake()

    def alive(self) -> bool:
        """False when the loop hangs."""
        return time.monotonic() - self._beat < self._pace.longest_wait + 60

    def _turn(self, workers: ThreadPoolExecutor) -> None:
        if not self._room.acquire(timeout=1):
            return
        began = time.monotonic()
        try:
            claimed = self._due.claim(self._pace.batch)
        except BaseException:
            self._room.release()
            raise
        CLAIMS.labels("due" if claimed else "nothing").inc()
        if claimed:
            workers.submit(self._work, claimed, began)
        else:
            self._room.release()
        if self._failures:
            self._stopping.wait(full_jitter(self._failures, base=0.2, cap=self._pace.retry_cap))
        elif len(claimed) < self._pace.batch:
            self._sleep(began)

    def _sleep(self, began: float) -> None:
        """Until something is due, but no shorter than the shortest turn."""
        self._stopping.wait(max(0, began + self._pace.shortest_turn - time.monotonic()))
        planned = self._due.next_due()
        wait = min(planned.wait if planned else self._pace.longest_wait, self._pace.longest_wait)
        if wait > 0 and not self._stopping.is_set():
            self._alarm.wait(wait, planned)

    def _work(self, claimed: list[Due], began: float) -> None:
        try:
            outcome = self._sender.send(claimed, self._stopping.is_set)
            self._settle(outcome, began)
        except Exception:
            logger.exception("a claim was not settled; its lease ends by itself")
        finally:
            self._room.release()

    def _settle(self, outcome: Outcome, began: float) -> None:
        settlements = [settlement_of(due) for due in outcome.published]
        self._failures = 0 if outcome.published or not outcome.failed else self._failures + 1
        self._measure(outcome, time.monotonic() - began)
        self._persist(lambda: self._due.settle(settlements))
        backoff = full_jitter(self._failures + 1, base=1, cap=self._pace.retry_cap)
        self._persist(lambda: self._due.release(outcome.failed, backoff))
        self._persist(lambda: self._due.release(outcome.refused, self._pace.refused_retry))
        self._persist(lambda: self._due.release(outcome.unsent))
        if outcome.failed or any(settlement.deliver_at for settlement in settlements):
            self._alarm.wake()  # there may be something earlier than the loop waits for

    def _persist(self, write: Callable[[], object]) -> None:
        for attempt in range(1, self._pace.settle_tries + 1):
            try:
                write()
                return
            except UNREACHABLE:
                if attempt == self._pace.settle_tries:
                    raise
                time.sleep(full_jitter(attempt, base=0.1, cap=2))

    def _measure(self, outcome: Outcome, elapsed: float) -> None:
        self.published += len(outcome.published)
        PUBLISHED.inc(len(outcome.published))
        NOT_PUBLISHED.labels("failed").inc(len(outcome.failed))
        NOT_PUBLISHED.labels("refused").inc(len(outcome.refused))
        for due in outcome.published:
            LATENESS.observe(due.late + elapsed)

    def _wait_after(self, error: Exception, failures: int) -> None:
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        logger.warning("database not reached; trying again", extra={"reason": reason})
        self._stopping.wait(0.1 + full_jitter(failures, base=0.2, cap=self._pace.retry_cap / 3))

    def _finish(self, workers: ThreadPoolExecutor) -> None:
        end = time.monotonic() + self._pace.grace
        for _ in range(self._pace.claims_at_work):
            if not self._room.acquire(timeout=max(0, end - time.monotonic())):
                logger.error("a claim was still at work at the end of the grace period")
                break
        workers.shutdown(wait=False)
