"""Receives events from a queue and calls a handler for each."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

from event_messages.backoff import full_jitter
from event_messages.dead_letters import DeadLetterQueue, DeadLetters, max_receives
from event_messages.errors import Refused, RetryLater
from event_messages.event import Event
from event_messages.failures import describe
from event_messages.in_flight_messages import InFlightMessages
from event_messages.pace import Pace
from event_messages.received import Handled, Outcome, QueueClient, Received
from event_messages.settlement import Settlement

LARGEST_RECEIPT = 10  # messages of one receive, a limit of SQS
_Result = tuple[Outcome, str, str]  # with the reason and the type of the event

logger = logging.getLogger(__name__)


class Consumer:
    """Calls `handle` with each message of a queue, and deletes the message afterwards.

    `handle` can receive a message twice, and out of order. It raises:

    - `RetryLater` to receive the message again after a delay,
    - `Refused` to send the message to the dead-letter queue at once,
    - any other error to receive it again soon.

    A message that fails on its last receive goes to the dead-letter queue with the reason.
    After an error of `retry_on`, the consumer receives nothing until `recover` succeeds. So an
    outage does not use up the receives of messages.
    """

    def __init__(
        self,
        client: QueueClient,
        queue_url: str,
        handle: Callable[[Event], None],
        *,
        dead_letters: DeadLetterQueue | None = None,  # None: only the redrive policy of the queue
        pace: Pace = Pace(),  # noqa: B008 (frozen)
        read: Callable[[str], Event] = Event.from_json,
        retry_on: tuple[type[Exception], ...] = (),
        recover: Callable[[], object] = lambda: None,
        trace: Callable[[Received], AbstractContextManager[object]] = lambda message: nullcontext(),
        observe: Callable[[Handled], None] = lambda handled: None,
    ) -> None:
        self._client, self._queue_url, self._handle = client, queue_url, handle
        self._pace, self._read, self._retry_on = pace, read, retry_on
        self._recover, self._trace, self._observe = recover, trace, observe
        self._in_flight = InFlightMessages(pace.threads + LARGEST_RECEIPT)
        self._settlement = Settlement(client, queue_url)
        self._dead_letters = dead_letters and DeadLetters(client, dead_letters, self._settlement)
        self._max_receives = 0  # unknown before the first poll
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._doubtful = threading.Event()  # set while a dependency of the handlers may be down
        self._grace_ends = 0.0
        self._failed_polls = 0
        self._oldest_sent_at = 0.0  # seconds since 1970; 0 if the last poll was empty
        self._beat = time.monotonic()

    def run(self) -> None:
        """Receive and handle messages until `stop`, then finish or release those in hand."""
        self._settlement.start()
        if self._dead_letters:
            self._dead_letters.start()
        heartbeat = threading.Thread(target=self._renew, name="heartbeat", daemon=True)
        heartbeat.start()
        pool = ThreadPoolExecutor(self._pace.threads, thread_name_prefix="handle")
        try:
            while not self._stopping.is_set():
                self._beat = time.monotonic()
                for message in self._receive():
                    self._in_flight.add(message)
                    pool.submit(self._process, message)
        finally:
            if not self._in_flight.wait_until_empty(max(0.5, self._grace_ends - time.monotonic())):
                logger.error("handlers were still running at the end of the grace period")
                for message in self._in_flight.give_up():
                    self._settle(message, self._settle_unstarted)
            pool.shutdown(wait=False)
            self._ended.set()
            heartbeat.join()
            if self._dead_letters:
                self._dead_letters.finish(timeout=3)
            self._settlement.finish(timeout=2)

    def stop(self) -> None:
        self._grace_ends = time.monotonic() + self._pace.grace
        self._stopping.set()

    def alive(self) -> bool:
        """Return False when the loop or a handler hangs."""
        silent = time.monotonic() - self._beat
        return silent < self._pace.wait + 120 and self._in_flight.oldest() < (
            self._pace.longest_handling + 60
        )

    def oldest_age(self) -> float:
        """Return the seconds since the oldest message of the last poll was sent, or 0."""
        oldest = self._oldest_sent_at
        return max(0, time.time() - oldest) if oldest else 0

    def receiving(self) -> bool:
        """Return False when the last poll failed, or a dependency of the handlers is down."""
        return self._failed_polls == 0 and not self._doubtful.is_set()

    def _receive(self) -> list[Received]:
        room = self._in_flight.wait_for_room(LARGEST_RECEIPT, patience=0.1)
        if room == 0 or self._stopping.is_set():
            return []
        try:
            self._prepare()
            answer = self._client.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=room,
                WaitTimeSeconds=self._pace.wait,
                VisibilityTimeout=self._pace.visibility,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        except Exception as error:  # of the network or the queue
            self._wait_after_failure(error)
            return []
        self._failed_polls = 0
        received = [Received.of(message) for message in answer.get("Messages", [])]
        self._oldest_sent_at = min((message.sent_at for message in received), default=0)
        return received

    def _prepare(self) -> None:
        if not self._max_receives:
            self._max_receives = max_receives(self._client, self._queue_url)
        if self._doubtful.is_set():
            self._recover()
            self._doubtful.clear()

    def _wait_after_failure(self, error: Exception) -> None:
        self._failed_polls += 1
        delay = 0.1 + full_jitter(self._failed_polls, base=0.5, cap=10)
        logger.warning(
            "could not receive messages; trying again",
            extra={"reason": describe(error), "seconds": round(delay, 1)},
        )
        self._stopping.wait(delay)

    def _process(self, message: Received) -> None:
        if not self._in_flight.start(message):
            return
        try:
            self._settle(message, self._handle_and_settle)
        finally:
            self._in_flight.remove(message)

    def _settle(self, message: Received, settle: Callable[[Received], _Result]) -> None:
        started = time.monotonic()
        try:
            with self._trace(message):
                outcome, reason, event_type = settle(message)
                handled = Handled(message, outcome, event_type, time.monotonic() - started, reason)
                self._report(handled)
        except Exception:  # of the trace or the observer: the message is settled already
            logger.exception("could not report the outcome of a message")

    def _handle_and_settle(self, message: Received) -> _Result:
        if self._stopping.is_set() and not self._is_last_receive(message):
            return self._release(message)
        event_type = ""
        try:
            event = self._read(message.body)
            event_type = event.type
            self._handle(event)
        except Exception as error:
            return self._settle_failed(message, error), describe(error), event_type
        self._settlement.delete(message.receipt)
        return "done", "", event_type

    def _settle_unstarted(self, message: Received) -> _Result:
        """Settle a message that no thread started to handle in the grace period."""
        if not self._is_last_receive(message):
            return self._release(message)
        late = RetryLater("the consumer stopped before it handled this message")
        return self._settle_failed(message, late), str(late), ""

    def _release(self, message: Received) -> _Result:
        self._settlement.show_after(message.receipt, 0)
        return "released", "the consumer is stopping", ""

    def _is_last_receive(self, message: Received) -> bool:
        """Return True if SQS would move a released message to the dead letters without a reason."""
        return message.receive_count >= self._max_receives

    def _settle_failed(self, message: Received, error: Exception) -> Outcome:
        if outage := isinstance(error, self._retry_on):
            self._doubtful.set()
        elif not isinstance(error, RetryLater | Refused):
            logger.error("handler failed", exc_info=error, extra={"message_id": message.id})
        over = isinstance(error, Refused) or self._is_last_receive(message)
        wait = self._pace.retry_delay(message.receive_count, error, outage)
        if over and self._dead_letters:
            self._dead_letters.put(message, error, wait)
        else:
            self._settlement.show_after(message.receipt, wait)
        if isinstance(error, Refused):
            return "refused"
        return "failed" if over else "retried"

    def _report(self, handled: Handled) -> None:
        if handled.outcome != "done":
            logger.log(
                logging.INFO if handled.outcome in ("released", "retried") else logging.ERROR,
                "message %s",
                handled.outcome,
                extra={
                    "message_id": handled.message.id,
                    "event_type": handled.event_type,
                    "receive_count": handled.message.receive_count,
                    "reason": handled.reason,
                },
            )
        self._observe(handled)

    def _renew(self) -> None:
        """Keep the messages in hand invisible to other consumers."""
        interval = self._pace.visibility / 3
        while not self._ended.wait(min(1, interval / 2)):
            for receipt in self._in_flight.take_due(interval, self._pace.longest_handling):
                self._settlement.show_after(receipt, self._pace.visibility)
