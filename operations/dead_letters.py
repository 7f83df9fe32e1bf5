"""Reads, redrives and discards messages that no consumer could handle."""

import json
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from operations.errors import MessagesNotFound, MoveFailed

HOLD = 120  # seconds that messages are hidden from other consumers during a command
WAIT = 1  # seconds to wait for a message; with 0, SQS asks only some of its servers
BATCH = 10  # messages of one request to SQS
NOT_RECORDED = "not recorded; the consumer's log has it under the message's id"
# Attributes of the failure, which a redrive removes.
OF_THE_FAILURE = {
    *("failureReason", "failedAt", "failedBy"),  # by the consumer
    *("ErrorCode", "ErrorMessage", "RequestID"),  # by SNS
}
NO_MOVE_TASKS = {"UnsupportedOperation", "InvalidAction", "NotImplemented", "500"}


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    id: str
    receipt: str
    body: str
    attributes: dict[str, dict[str, Any]]  # in the form of the SQS API
    receive_count: int
    sent_at: datetime

    @classmethod
    def of(cls, message: dict[str, Any]) -> "DeadLetter":
        system = message.get("Attributes", {})
        return cls(
            id=message["MessageId"],
            receipt=message["ReceiptHandle"],
            body=message.get("Body", ""),
            attributes=message.get("MessageAttributes", {}),
            receive_count=int(system.get("ApproximateReceiveCount", 0)),
            sent_at=datetime.fromtimestamp(int(system.get("SentTimestamp", 0)) / 1000, UTC),
        )

    def attribute(self, name: str) -> str | None:
        value = self.attributes.get(name, {}).get("StringValue")
        return None if value is None else str(value)

    @property
    def envelope(self) -> dict[str, Any] | None:
        """Return the event if the body contains one."""
        try:
            event = json.loads(self.body)
        except ValueError:
            return None
        return event if isinstance(event, dict) and "type" in event else None

    @property
    def event_type(self) -> str:
        return str(
            (self.envelope or {}).get("type") or self.attribute("eventType") or "not an event"
        )

    @property
    def reason(self) -> str:
        """Return the reason that the consumer or SNS recorded, or that the body shows."""
        if recorded := self.attribute("failureReason"):
            return recorded
        if refused := self.attribute("ErrorMessage"):
            return f"SNS could not deliver it: {refused}"
        return NOT_RECORDED if self.envelope else "the body is not an event"


def reasons(letters: Collection[DeadLetter]) -> list[tuple[str, str, int]]:
    """Return type, reason and number of messages, the most frequent first."""
    counted = Counter((letter.event_type, letter.reason) for letter in letters)
    return [(kind, reason, number) for (kind, reason), number in counted.most_common()]


class DeadLetterQueue:
    """Represents one dead-letter queue and the queue of its messages."""

    def __init__(self, client: Any, url: str, source_url: str) -> None:
        self.client, self.url, self.source_url = client, url, source_url
        self._removed: set[str] = set()  # receipts

    def depth(self) -> int:
        return int(self._attribute(self.url, "ApproximateNumberOfMessages"))

    @contextmanager
    def hold(self, ids: Sequence[str] = (), limit: int | None = None) -> Iterator[list[DeadLetter]]:
        """Yield all messages, or the messages of `ids`; release the messages that stay."""
        found: dict[str, DeadLetter] = {}
        try:
            for batch in self._receive(limit):
                found.update((letter.id, letter) for letter in batch)
                if ids and found.keys() >= set(ids):
                    break
            if missing := [each for each in ids if each not in found]:
                raise MessagesNotFound(missing)
            wanted = [letter for letter in found.values() if not ids or letter.id in ids]
            yield sorted(wanted, key=lambda letter: (letter.sent_at, letter.id))
        finally:
            self._give_back([each for each in found.values() if each.receipt not in self._removed])

    def redrive(self, letters: Collection[DeadLetter]) -> int:
        """Send each message to its queue, then delete it.

        After an interruption between the two steps, a message is in both queues. A second redrive
        is harmless, because consumers recognize handled events.
        """
        for letter in letters:
            attributes = {
                name: {key: value for key, value in attribute.items() if value}
                for name, attribute in letter.attributes.items()
                if name not in OF_THE_FAILURE
            }
            self.client.send_message(
                QueueUrl=self.source_url, MessageBody=letter.body, MessageAttributes=attributes
            )
            self.discard([letter])
        return len(letters)

    def discard(self, letters: Collection[DeadLetter]) -> int:
        for letter in letters:
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt)
            self._removed.add(letter.receipt)
        return len(letters)

    def redrive_all(self, *, poll: float = 1) -> int:
        """Let SQS move all messages, or move them here if SQS cannot."""
        source = self._attribute(self.url, "QueueArn")
        try:
            self.client.start_message_move_task(
                SourceArn=source, DestinationArn=self._attribute(self.source_url, "QueueArn")
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in NO_MOVE_TASKS:
                raise
            with self.hold() as letters:
                return self.redrive(letters)
        return self._moved(source, poll)

    def _moved(self, source: str, poll: float) -> int:
        while True:
            [task] = self.client.list_message_move_tasks(SourceArn=source, MaxResults=1)["Results"]
            moved = int(task.get("ApproximateNumberOfMessagesMoved", 0))
            if task["Status"] == "COMPLETED":
                return moved
            if task["Status"] != "RUNNING":
                raise MoveFailed(moved, task.get("FailureReason") or f"it is {task['Status']}")
            time.sleep(poll)

    def _receive(self, limit: int | None) -> Iterator[list[DeadLetter]]:
        """Yield the messages until the queue returns no others."""
        seen: set[str] = set()
        while limit is None or len(seen) < limit:
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH if limit is None else min(BATCH, limit - len(seen)),
                WaitTimeSeconds=WAIT,
                VisibilityTimeout=HOLD,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            letters = [DeadLetter.of(message) for message in answer.get("Messages", [])]
            yield letters
            if not letters or seen.issuperset(letter.id for letter in letters):
                return
            seen.update(letter.id for letter in letters)

    def _give_back(self, letters: Sequence[DeadLetter]) -> None:
        """Make the messages visible to other consumers at once."""
        for start in range(0, len(letters), BATCH):
            self.client.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                    for number, letter in enumerate(letters[start : start + BATCH])
                ],
            )

    def _attribute(self, url: str, name: str) -> str:
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return str(answer["Attributes"][name])
