"""Moves failed messages to the dead-letter queue, with the reason of the failure.

SQS moves a message by itself after `maxReceiveCount` receives, but adds no reason. So the
consumer sends the message to the dead-letter queue first, and then deletes it. If it stops
between the two steps, the message is in both queues. Handlers tolerate that repeat. If the
consumer cannot send the message, SQS moves it after its last receive.
"""

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from event_messages.batches import Batches, submit
from event_messages.errors import Refused, RetryLater
from event_messages.failures import describe
from event_messages.received import QueueClient, Received
from event_messages.settlement import Settlement

REASON_BYTES = 256
BATCH_BYTES = 256 * 1024
MOST_ATTRIBUTES = 10  # of a message, a limit of SQS
FAILURE_ATTRIBUTES = ("failureReason", "failedAt", "failedBy")  # the most important first

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeadLetterQueue:
    """Names the dead-letter queue of a service."""

    url: str
    service: str


@dataclass(frozen=True)
class DeadLetter:
    message: Received
    reason: str
    failed_at: datetime
    retry_after: float  # seconds until the next receive if the move fails

    @property
    def size(self) -> int:
        """Return the bytes of the message, or a few more."""
        attributes = self.message.typed_attributes
        return len(self.message.body.encode()) + len(str(attributes)) + 4 * REASON_BYTES

    def attributes(self, service: str) -> dict[str, Any]:
        """Return all attributes of the message, and as many of the failure as SQS permits."""
        own = {
            name: {key: value for key, value in attribute.items() if value}
            for name, attribute in self.message.typed_attributes.items()
            if name not in FAILURE_ATTRIBUTES  # they describe a failure before a redrive
        }
        failure = (self.reason, self.failed_at.isoformat(timespec="milliseconds"), service)
        for name, text in zip(FAILURE_ATTRIBUTES, failure, strict=True):
            if len(own) < MOST_ATTRIBUTES:
                own[name] = {"DataType": "String", "StringValue": text}
        return own


class DeadLetters:
    """Moves messages in its own thread, so that an outage of the queue stops no handler."""

    def __init__(
        self, client: QueueClient, dead_letters: DeadLetterQueue, settlement: Settlement
    ) -> None:
        self._client, self._queue, self._settlement = client, dead_letters, settlement
        self._batches: Batches[DeadLetter] = Batches("dead letters", self._move)

    def start(self) -> None:
        self._batches.start()

    def put(self, message: Received, error: Exception, retry_after: float) -> None:
        failed_at = datetime.now(UTC)
        self._batches.put(DeadLetter(message, reason_of(error), failed_at, retry_after))

    def finish(self, timeout: float) -> None:
        self._batches.finish(timeout)

    def _move(self, letters: list[DeadLetter]) -> None:
        for batch in _split(letters):
            entries = [
                {
                    "MessageBody": letter.message.body,
                    "MessageAttributes": letter.attributes(self._queue.service),
                }
                for letter in batch
            ]
            failed = submit(self._client.send_message_batch, self._queue.url, entries)
            problems = {entry.at: entry.reason for entry in failed}
            for at, letter in enumerate(batch):
                self._settle(letter, problems.get(at))

    def _settle(self, letter: DeadLetter, problem: str | None) -> None:
        if problem is None:
            self._settlement.delete(letter.message.receipt)
            return
        logger.warning(
            "could not move a message to the dead letters; SQS moves it after its last receive",
            extra={"message_id": letter.message.id, "reason": problem},
        )
        self._settlement.show_after(letter.message.receipt, letter.retry_after)


def max_receives(client: QueueClient, queue_url: str) -> int:
    """Return how often a queue delivers a message before it goes to the dead-letter queue."""
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = answer.get("Attributes", {}).get("RedrivePolicy")
    return int(json.loads(policy)["maxReceiveCount"]) if policy else sys.maxsize


def reason_of(error: Exception) -> str:
    """Return one line without personal data."""
    if isinstance(error, Refused):
        return fit(describe(error))
    if isinstance(error, RetryLater):
        return fit(f"Gave up: {describe(error)}")
    return fit(f"{describe(error)}; see the log of the service")


def fit(text: str) -> str:
    """Return the text as one printable line of at most `REASON_BYTES` bytes."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    whole = line.encode()
    if len(whole) <= REASON_BYTES:
        return line
    return whole[: REASON_BYTES - 3].decode(errors="ignore") + "…"


def _split(letters: list[DeadLetter]) -> Iterator[list[DeadLetter]]:
    if sum(letter.size for letter in letters) <= BATCH_BYTES:
        yield letters
        return
    for letter in letters:
        yield [letter]
