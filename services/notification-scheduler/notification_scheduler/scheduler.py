"""Publishes each notification when it is due."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
from event_messages.backoff import full_jitter
from event_messages.failures import describe
from psycopg_pool import PoolTimeout

from notification_scheduler.alarm import PostgresAlarm
from notification_scheduler.budgets import NOTIFICATIONS_PER_DAY, notice_of, rejection_of
from notification_scheduler.due import Due, Settlement, settlement_of
from notification_scheduler.due_notifications import MOST_OF_A_USER, PostgresDueNotifications
from notification_scheduler.metrics import CLAIMS, LATENESS, NOT_PUBLISHED, PUBLISHED
from notification_scheduler.sender import Outcome, Sender

UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Sets the pace of the scheduler; times are in seconds."""

    batch: int = 1000  # notifications of one claim
    full: int = MOST_OF_A_USER  # notifications in a claim after which more may be due
    claims_at_work: int = 3
    shortest_turn: float = 0.005  # between claims that return less than a batch
    longest_wait: float = 10
    retry_cap: float = 30  # between attempts during an outage of the topic or the database
    refused_retry: float = 900
    settle_tries: int = 5
    grace: float = 20
    planning: float = 0.2  # to compute the next occurrences of one part of a claim
    longest_claim: float = 300  # for the work on a claim
    collapse_missed: bool = True  # a series sends one notification after an outage
    notifications_per_day: int = NOTIFICATIONS_PER_DAY  # per user, as in the notice


class Scheduler:
    """Claims and publishes due notifications; any number of schedulers can run at once."""

    def __init__(
        self,
        due: PostgresDueNotifications,
        sender: Sender,
        alarm: PostgresAlarm,
        pace: Pace | None = None,
    ) -> None:
        self._due, self._sender, self._alarm = due, sender, alarm
        self._pace = pace or Pace()
        self._room = threading.Semaphore(self._pace.claims_at_work)
        self._stopping = threading.Event()
        self._beat = time.monotonic()
        self._failures = 0  # claims in a row without a publication
        self._at_work: dict[int, float] = {}  # start of the work on each claim
        self.published = 0

    def run(self) -> None:
        """Claim and publish until `stop`, then finish or release the claims."""
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
        """Return False when the loop hangs or the work on a claim takes too long."""
        now = time.monotonic()
        oldest = min(list(self._at_work.values()), default=now)
        turns = now - self._beat < self._pace.longest_wait + 60
        return turns and now - oldest < self._pace.longest_claim

    def ping(self) -> None:
        """Raise an error if the database does not answer."""
        self._due.ping()

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
        elif len(claimed) < min(self._pace.full, self._pace.batch):
            self._sleep(began)

    def _sleep(self, began: float) -> None:
        """Sleep until a notification is due, at least for the shortest turn."""
        self._stopping.wait(max(0, began + self._pace.shortest_turn - time.monotonic()))
        planned = self._due.next_due()
        wait = min(planned.wait if planned else self._pace.longest_wait, self._pace.longest_wait)
        if wait > 0 and not self._stopping.is_set():
            self._alarm.wait(wait, planned)

    def _work(self, claimed: list[Due], began: float) -> None:
        self._at_work[id(claimed)] = began
        try:
            if over := [due for due in claimed if due.resumes]:
                self._reject(over)
            for part in self._parts([due for due in claimed if not due.resumes]):
                self._publish(part, began)
        finally:
            del self._at_work[id(claimed)]
            self._room.release()

    def _parts(self, claimed: Sequence[Due]) -> Iterator[list[Settlement]]:
        """Yield single dates first, then series, so that slow rules delay no single dates."""
        if single := [Settlement(due) for due in claimed if due.rule is None]:
            yield single
        series = deque(due for due in claimed if due.rule is not None)
        while series:
            part, end = [], time.monotonic() + self._pace.planning
            while series and time.monotonic() < end:
                collapse = self._pace.collapse_missed
                part.append(settlement_of(series.popleft(), collapse_missed=collapse))
            yield part

    def _reject(self, over: Sequence[Due]) -> None:
        """Send the notices and settle the rejected occurrences; without its notice, one waits."""
        wanted = {due.user_id: due for due in over if due.needs_notice}
        notices = [notice_of(due, self._pace.notifications_per_day) for due in wanted.values()]
        try:
            outcome = self._sender.send(notices, self._stopping.is_set) if notices else Outcome()
            noticed = {due.user_id for due in outcome.published}
            waiting = [due for user, due in wanted.items() if user not in noticed]
            rejections = [rejection_of(due) for due in over if due not in waiting]
            NOT_PUBLISHED.labels("over_budget").inc(len(rejections))
            if rejections:
                self._persist(lambda: self._due.reject(rejections, sorted(noticed)))
            backoff = full_jitter(1, base=1, cap=self._pace.retry_cap)
            self._persist(lambda: self._due.release(waiting, backoff))
            self._alarm.wake()
        except Exception:
            logger.exception("could not settle rejected occurrences; their leases end")

    def _publish(self, part: list[Settlement], began: float) -> None:
        try:
            outcome = self._sender.send([one.due for one in part], self._stopping.is_set)
            published = {due.id for due in outcome.published}
            self._settle(outcome, [one for one in part if one.due.id in published], began)
        except Exception:
            logger.exception("could not settle part of a claim; its leases end")

    def _settle(self, outcome: Outcome, settlements: list[Settlement], began: float) -> None:
        # If one message fails, the cause is in the message; if several fail, it is in the topic.
        away = not outcome.published and len(outcome.failed) > 1
        self._failures = self._failures + 1 if away else 0
        self._measure(outcome, time.monotonic() - began)
        self._persist(lambda: self._due.settle(settlements))
        backoff = full_jitter(self._failures + 1, base=1, cap=self._pace.retry_cap)
        self._persist(lambda: self._due.release(outcome.failed, backoff))
        self._persist(lambda: self._due.refuse(outcome.refused, self._pace.refused_retry))
        self._persist(lambda: self._due.release(outcome.unsent))
        if (
            outcome.failed
            or outcome.refused
            or any(settlement.deliver_at for settlement in settlements)
        ):
            self._alarm.wake()  # a notification can be due before the planned end of the wait

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
        reason = describe(error)
        logger.warning("could not reach the database; trying again", extra={"reason": reason})
        self._stopping.wait(0.1 + full_jitter(failures, base=0.2, cap=self._pace.retry_cap / 3))

    def _finish(self, workers: ThreadPoolExecutor) -> None:
        end = time.monotonic() + self._pace.grace
        for _ in range(self._pace.claims_at_work):
            if not self._room.acquire(timeout=max(0, end - time.monotonic())):
                logger.error("the work on a claim did not end in the grace period")
                break
        workers.shutdown(wait=False)
