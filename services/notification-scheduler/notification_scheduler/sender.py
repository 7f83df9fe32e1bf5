"""Publishes due notifications to the topic, several batches at once."""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from event_messages.publisher import TopicClient
from service_runtime.traces import recording

from notification_scheduler.announcement_spans import announce, end
from notification_scheduler.due import Due
from notification_scheduler.messages import Sending, batches, sendings

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """What became of a claim."""

    published: list[Due] = field(default_factory=list)
    failed: list[Due] = field(default_factory=list)  # worth another try
    refused: list[Due] = field(default_factory=list)  # the topic says that the message is wrong
    unsent: list[Due] = field(default_factory=list)  # the scheduler was stopped before

    def add(self, other: "Outcome") -> None:
        self.published += other.published
        self.failed += other.failed
        self.refused += other.refused
        self.unsent += other.unsent


class Sender:
    def __init__(self, client: TopicClient, topic_arn: str, threads: int) -> None:
        self._client, self._topic_arn = client, topic_arn
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")

    def send(self, dues: Sequence[Due], stopping: Callable[[], bool]) -> Outcome:
        """Publish all, or as many as were sent before `stopping`."""
        waiting = deque(batches(sendings(dues)))

        def send_waiting() -> Outcome:
            outcome = Outcome()
            while batch := _next(waiting):
                if stopping():
                    outcome.unsent += [one.due for one in batch]
                else:
                    outcome.add(self._send_batch(batch))
            return outcome

        outcome = Outcome()
        at_once = min(len(waiting), self._threads)
        for part in [self._pool.submit(send_waiting) for _ in range(at_once)]:
            outcome.add(part.result())
        return outcome

    def close(self) -> None:
        self._pool.shutdown()

    def _send_batch(self, batch: list[Sending]) -> Outcome:
        entries = [
            {"Id": str(at), "Message": one.body, "MessageAttributes": one.attributes}
            for at, one in enumerate(batch)
        ]
        dues = [one.due for one in batch]
        return self._publish_traced(dues, entries) if recording() else self._publish(dues, entries)

    def _publish_traced(self, dues: list[Due], entries: list[dict[str, Any]]) -> Outcome:
        """Each message carries the span of its publishing, which is the parent of its handling."""
        spans = announce(self._topic_arn.rpartition(":")[2], dues)
        for entry, span in zip(entries, spans, strict=True):
            trace = {"DataType": "String", "StringValue": str(span.trace)}
            entry["MessageAttributes"]["traceparent"] = trace
        published: list[Due] = []
        try:
            outcome = self._publish(dues, entries)
            published = outcome.published
            return outcome
        finally:
            end(spans, dues, published)

    def _publish(self, dues: list[Due], entries: list[dict[str, Any]]) -> Outcome:
        try:
            answer = self._client.publish_batch(
                TopicArn=self._topic_arn, PublishBatchRequestEntries=entries
            )
        except (ClientError, BotoCoreError) as error:
            logger.warning("topic not reached; trying again", extra={"reason": str(error)})
            return Outcome(failed=dues)
        failures = {int(failure["Id"]): failure for failure in answer.get("Failed", [])}
        if not failures:
            return Outcome(published=dues)
        outcome = Outcome(published=[due for at, due in enumerate(dues) if at not in failures])
        for at, failure in failures.items():
            reason = {"notification": str(dues[at].id), "reason": failure.get("Code")}
            logger.error("a notification was not accepted by the topic", extra=reason)
            (outcome.refused if failure.get("SenderFault") else outcome.failed).append(dues[at])
        return outcome


def _next(waiting: deque[list[Sending]]) -> list[Sending] | None:
    try:
        return waiting.popleft()
    except IndexError:  # another thread took the last one
        return None
