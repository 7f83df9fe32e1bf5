"""Publishes due notifications to the topic, several batches at once."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from event_messages.topic import Refusal, TopicClient, batches, publish_batch, split_oversized
from service_runtime.event_publisher import publish_spans
from service_runtime.traces import fail, is_recording, traceparent_of

from notification_scheduler.due import Due, Refused
from notification_scheduler.messages import TYPE, Sending, create_sendings

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """Contains the results of a claim."""

    published: list[Due] = field(default_factory=list)
    failed: list[Due] = field(default_factory=list)  # to retry
    refused: list[Refused] = field(default_factory=list)  # the topic calls the message invalid
    unsent: list[Due] = field(default_factory=list)  # because the scheduler stopped

    def add(self, other: "Outcome") -> None:
        self.published += other.published
        self.failed += other.failed
        self.refused += other.refused
        self.unsent += other.unsent

    def add_refusal(self, refusal: Refusal[Sending]) -> None:
        due, reason = refusal.entry.due, refusal.reason
        if refusal.permanent:
            logger.error(
                "the topic rejected a notification",
                extra={"notification": str(due.id), "reason": reason},
            )
            self.refused.append(Refused(due, reason))
        else:
            logger.warning("could not publish a notification", extra={"reason": reason})
            self.failed.append(due)


class Sender:
    def __init__(self, client: TopicClient, topic_arn: str, threads: int) -> None:
        self._client, self._topic_arn = client, topic_arn
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")

    def send(self, dues: Sequence[Due], stopping: Callable[[], bool]) -> Outcome:
        """Publish all, or stop early when `stopping` is set."""
        fitting, oversized = split_oversized(create_sendings(dues))
        waiting = deque(batches(fitting))
        publish = self._publish_traced if is_recording() else self._publish

        def send_waiting() -> Outcome:
            outcome = Outcome()
            while batch := _next(waiting):
                if stopping():
                    outcome.unsent += [one.due for one in batch]
                else:
                    outcome.add(publish(batch))
            return outcome

        outcome = Outcome(refused=[Refused(one.entry.due, one.reason, True) for one in oversized])
        at_once = min(len(waiting), self._threads)
        for part in [self._pool.submit(send_waiting) for _ in range(at_once)]:
            outcome.add(part.result())
        return outcome

    def close(self) -> None:
        self._pool.shutdown()

    def _publish_traced(self, batch: list[Sending]) -> Outcome:
        """Publish a batch; each message carries its span, the parent of the consumer's span."""
        described = {one.due.id: (TYPE, one.due.traceparent) for one in batch}
        with publish_spans(self._topic_arn, described, "herald.notification.id") as spans:
            traced = [one._replace(trace=traceparent_of(spans[one.due.id])) for one in batch]
            outcome = self._publish(traced)
            for due in (*outcome.failed, *(one.due for one in outcome.refused)):
                fail(spans[due.id], "the topic rejected it")
        return outcome

    def _publish(self, batch: list[Sending]) -> Outcome:
        refusals = publish_batch(self._client, self._topic_arn, batch)
        if not refusals:
            return Outcome(published=[one.due for one in batch])
        not_taken = {refusal.entry.due.id for refusal in refusals}
        outcome = Outcome(published=[one.due for one in batch if one.due.id not in not_taken])
        for refusal in refusals:
            outcome.add_refusal(refusal)
        return outcome


def _next(waiting: deque[list[Sending]]) -> list[Sending] | None:
    try:
        return waiting.popleft()
    except IndexError:  # another thread took the last item
        return None
