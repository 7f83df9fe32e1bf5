"""Moves messages that failed to the dead letters, with what is known of the failure.

The queue moves a message there by itself once it was received too often, but cannot say why.
So the consumer sends it there first, and only then deletes it. Cut short between the two, the
message is in both queues, and handling it again is harmless. One that cannot be sent stays in
its queue, which moves it when its receives are used up.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from event_messages.batches import Batches, submit
from event_messages.errors import Refused, RetryLater
from event_messages.received import QueueClient, Received
from event_messages.settlement import Settlement

REASON_BYTES = 256
BATCH_BYTES = 256 * 1024
ATTRIBUTES = 10  # that a message can have
OF_THE_FAILURE = ("failureReason", "failedAt", "failedBy")  # the most telling first

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeadLetterQueue:
    """Where a service leaves the messages that it failed on."""

    url: str
    service: str


@dataclass(frozen=True)
class DeadLetter:
    message: Received
    reason: str
    failed_at: datetime
    comes_again_in: float  # seconds, if it cannot be moved

    @property
    def size(self) -> int:
        """Bytes, or a few more."""
        attributes = self.message.typed_attributes
        return len(self.message.body.encode()) + len(str(attributes)) + 4 * REASON_BYTES

    def attributes(self, service: str) -> dict[str, Any]:
        """The message's own, all of them, and as many of the failure's as there is room for."""
        own = {
            name: {key: value for key, value in attribute.items() if value}
            for name, attribute in self.message.typed_attributes.items()
            if name not in OF_THE_FAILURE  # of an earlier failure, after which it was redriven
        }
        told = (self.reason, self.failed_at.isoformat(timespec="milliseconds"), service)
        for name, text in zip(OF_THE_FAILURE, told, strict=True):
            if len(own) < ATTRIBUTES:
                own[name] = {"DataType": "String", "StringValue": text}
        return own


class DeadLetters:
    """Works on a thread of its own: while they cannot be reached, other messages go on."""

    def __init__(
        self, client: QueueClient, dead_letters: DeadLetterQueue, settlement: Settlement
    ) -> None:
        self._client, self._queue, self._settlement = client, dead_letters, settlement
        self._batches: Batches[DeadLetter] = Batches("dead letters", self._move)

    def start(self) -> None:
        self._batches.start()

    def take(self, message: Received, error: Exception, comes_again_in: float) -> None:
        failed_at = datetime.now(UTC)
        self._batches.put(DeadLetter(message, reason_of(error), failed_at, comes_again_in))

    def finish(self, timeout: float) -> None:
        self._batches.finish(timeout)

    def _move(self, letters: list[DeadLetter]) -> None:
        for batch in _fitting(letters):
            entries = [
                {
                    "MessageBody": letter.message.body,
                    "MessageAttributes": letter.attributes(self._queue.service),
                }
                for letter in batch
            ]
            undone = submit(self._client.send_message_batch, self._queue.url, entries)
            stay = {one.at: one.reason for one in undone}
            for at, letter in enumerate(batch):
                self._settle(letter, stay.get(at))

    def _settle(self, letter: DeadLetter, trouble: str | None) -> None:
        if trouble is None:
            self._settlement.delete(letter.message.receipt)
            return
        logger.warning(
            "a message could not be moved to the dead letters; its queue will",
            extra={"message_id": letter.message.id, "reason": trouble},
        )
        self._settlement.show_after(letter.message.receipt, letter.comes_again_in)


def max_receives(client: QueueClient, queue_url: str) -> int:
    """How often the queue gives a message before it moves it to its dead letters."""
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = answer.get("Attributes", {}).get("RedrivePolicy")
    return int(json.loads(policy)["maxReceiveCount"]) if policy else sys.maxsize


def reason_of(error: Exception) -> str:
    """In one line. Our own errors name no personal data; of others not even the text is told."""
    if isinstance(error, Refused):
        return fit(f"{type(error).__name__}: {error}")
    if isinstance(error, RetryLater):
        return fit(f"Gave up: {error}")
    return fit(f"{type(error).__name__} in {_place(error)}; the log of the service says more")


def fit(text: str) -> str:
    """What an attribute can hold: printable, and no longer than a reason may be."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    whole = line.encode()
    if len(whole) <= REASON_BYTES:
        return line
    return whole[: REASON_BYTES - 3].decode(errors="ignore") + "…"


def _place(error: Exception) -> str:
    """The last line of our own that led to the error."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    if not own:
        return "an unknown place"
    return f"{PurePath(own[-1].filename).name}:{own[-1].lineno}"


def _fitting(letters: list[DeadLetter]) -> Iterator[list[DeadLetter]]:
    if sum(letter.size for letter in letters) <= BATCH_BYTES:
        yield letters
        return
    for letter in letters:
        yield [letter]
