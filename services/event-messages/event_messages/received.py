"""A message as it came from a queue, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

# Of these, "refused" and "failed" end in the dead letters, the others but "done" come again.
Outcome = Literal["done", "retried", "refused", "failed", "released"]


class QueueClient(Protocol):
    """The part of an SQS client that is used here."""

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        WaitTimeSeconds: int,
        VisibilityTimeout: int,
        MessageAttributeNames: list[str],
        MessageSystemAttributeNames: list[Any],
    ) -> dict[str, Any]: ...

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]: ...

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[Any]
    ) -> dict[str, Any]: ...

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]: ...

    def get_queue_attributes(
        self, *, QueueUrl: str, AttributeNames: list[Any]
    ) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Received:
    id: str
    receipt: str
    body: str
    typed_attributes: Mapping[str, Mapping[str, Any]]  # as the queue gives and takes them
    receive_count: int
    sent_at: float  # seconds since 1970

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> "Received":
        system = message.get("Attributes", {})
        return cls(
            id=message["MessageId"],
            receipt=message["ReceiptHandle"],
            body=message.get("Body", ""),
            typed_attributes=message.get("MessageAttributes", {}),
            receive_count=int(system.get("ApproximateReceiveCount", 1)),
            sent_at=int(system.get("SentTimestamp", 0)) / 1000,
        )

    @property
    def attributes(self) -> dict[str, str]:
        """Those that are text."""
        return {name: value.get("StringValue", "") for name, value in self.typed_attributes.items()}


@dataclass(frozen=True)
class Handled:
    """One message's outcome, as an observer sees it."""

    message: Received
    outcome: Outcome
    event_type: str  # "" when the message could not be read
    seconds: float
    reason: str = ""
