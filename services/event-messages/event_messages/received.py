"""Represents messages received from a queue, and their outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

# "refused" and "failed" messages go to the dead-letter queue. The queue delivers "retried" and
# "released" messages again.
Outcome = Literal["done", "retried", "refused", "failed", "released"]


class QueueClient(Protocol):
    """Lists the methods of an SQS client that consumers use."""

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
    typed_attributes: Mapping[str, Mapping[str, Any]]  # in the form of the SQS API
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
        """Return the attributes that are text."""
        return {name: value.get("StringValue", "") for name, value in self.typed_attributes.items()}


@dataclass(frozen=True)
class Handled:
    """Reports the outcome of one message to an observer."""

    message: Received
    outcome: Outcome
    event_type: str  # "" when the message could not be read
    seconds: float
    reason: str = ""
