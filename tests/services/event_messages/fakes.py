"""A topic and a queue in memory that behave as SNS and SQS do, for tests and demonstrations."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from event_messages.event import Event
from event_messages.topic import BATCH_BYTES, BATCH_ENTRIES

_ACCOUNT = "123456789012"


@dataclass
class _Stored:
    body: str
    attributes: dict[str, Any]
    visible_at: float
    sent_at: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: str(uuid4()))
    receive_count: int = 0
    receipt: str = ""


class InMemoryQueue:
    """A queue with visibility timeouts, receive counts and dead letters."""

    def __init__(
        self,
        name: str = "queue",
        *,
        dead_letters: "InMemoryQueue | None" = None,
        max_receives: int = 5,
        longest_wait: float = 20,  # seconds that a poll lasts at most
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = f"memory://{_ACCOUNT}/{name}"
        self.arn = f"arn:aws:sqs:eu-central-1:{_ACCOUNT}:{name}"
        self._dead_letters, self._max_receives = dead_letters, max_receives
        self._longest_wait, self._clock = longest_wait, clock
        self._messages: dict[str, _Stored] = {}
        self._changed = threading.Condition()

    def __len__(self) -> int:
        """Messages that are not deleted, visible or not."""
        with self._changed:
            return len(self._messages)

    @property
    def bodies(self) -> list[str]:
        with self._changed:
            return [message.body for message in self._messages.values()]

    @property
    def events(self) -> list[Event]:
        return [Event.from_json(body) for body in self.bodies]

    def send(self, body: str, attributes: Mapping[str, Any] | None = None) -> None:
        message = _Stored(body, dict(attributes or {}), visible_at=self._clock())
        with self._changed:
            self._messages[message.id] = message
            self._changed.notify_all()

    def receive_message(
        self,
        *,
        QueueUrl: str,
        MaxNumberOfMessages: int = 1,
        WaitTimeSeconds: int = 0,
        VisibilityTimeout: int = 30,
        MessageAttributeNames: Sequence[str] = (),
        MessageSystemAttributeNames: Sequence[str] = (),
    ) -> dict[str, Any]:
        end = time.monotonic() + min(WaitTimeSeconds, self._longest_wait)
        with self._changed:
            while not (due := self._due()[:MaxNumberOfMessages]):
                if time.monotonic() >= end:
                    return {}
                # Visibility comes back without a notification, hence the short steps.
                self._changed.wait(min(0.02, max(0, end - time.monotonic())))
            return {"Messages": [self._hand_out(message, VisibilityTimeout) for message in due]}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        with self._changed:
            held = self._by_receipt()
            for entry in Entries:
                if message := held.get(entry["ReceiptHandle"]):
                    self._messages.pop(message.id, None)
            self._changed.notify_all()
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[Any]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        with self._changed:
            held = self._by_receipt()
            for entry in Entries:
                message = held.get(entry["ReceiptHandle"])
                if message is None or message.visible_at <= self._clock():
                    answer["Failed"].append(_not_in_flight(entry["Id"]))
                    continue
                message.visible_at = self._clock() + entry["VisibilityTimeout"]
                answer["Successful"].append({"Id": entry["Id"]})
            self._changed.notify_all()
        return answer

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        """To this queue or its dead letters, whichever the address names."""
        queue = self._addressed(QueueUrl)
        for entry in Entries:
            queue.send(entry["MessageBody"], entry.get("MessageAttributes"))
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def get_queue_attributes(
        self, *, QueueUrl: str, AttributeNames: Sequence[str]
    ) -> dict[str, Any]:
        if self._dead_letters is None:
            return {}
        policy = {
            "deadLetterTargetArn": self._dead_letters.arn,
            "maxReceiveCount": self._max_receives,
        }
        return {"Attributes": {"RedrivePolicy": json.dumps(policy)}}

    def _addressed(self, url: str) -> "InMemoryQueue":
        for queue in (self, self._dead_letters):
            if queue is not None and queue.url == url:
                return queue
        raise _client_error("QueueDoesNotExist", f"there is no queue {url}", "SendMessageBatch")

    def _due(self) -> list[_Stored]:
        """Visible messages; those received too often go to the dead letters first."""
        due = [m for m in self._messages.values() if m.visible_at <= self._clock()]
        if self._dead_letters is None:
            return due
        for message in due:
            if message.receive_count >= self._max_receives:
                del self._messages[message.id]
                self._dead_letters.send(message.body, message.attributes)
        return [message for message in due if message.receive_count < self._max_receives]

    def _hand_out(self, message: _Stored, visibility: int) -> dict[str, Any]:
        message.receive_count += 1
        message.receipt = str(uuid4())
        message.visible_at = self._clock() + visibility
        return {
            "MessageId": message.id,
            "ReceiptHandle": message.receipt,
            "Body": message.body,
            "MessageAttributes": message.attributes,
            "Attributes": {
                "ApproximateReceiveCount": str(message.receive_count),
                "SentTimestamp": str(int(message.sent_at * 1000)),
            },
        }

    def _by_receipt(self) -> dict[str, _Stored]:
        return {message.receipt: message for message in self._messages.values() if message.receipt}


@dataclass(frozen=True)
class _Subscription:
    queue: InMemoryQueue
    filter: Mapping[str, Sequence[str]]

    def wants(self, attributes: Mapping[str, Any]) -> bool:
        return all(
            attributes.get(name, {}).get("StringValue") in allowed
            for name, allowed in self.filter.items()
        )


class InMemoryTopic:
    """A topic that remembers what was published and feeds its subscribed queues.

    `refuse` names the ids of events that are refused once each; `outages` is the number of
    calls that fail as a whole.
    """

    def __init__(self, name: str = "topic") -> None:
        self.arn = f"arn:aws:sns:eu-central-1:{_ACCOUNT}:{name}"
        self.events: list[Event] = []
        self.attributes: list[dict[str, Any]] = []
        self.refuse: set[str] = set()
        self.outages = 0
        self._subscriptions: list[_Subscription] = []
        self._lock = threading.Lock()

    def subscribe(
        self, queue: InMemoryQueue, filter: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._subscriptions.append(_Subscription(queue, filter or {}))

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        with self._lock:
            if self.outages > 0:
                self.outages -= 1
                raise _client_error("InternalError", "the topic is out of order")
            _check_size(PublishBatchRequestEntries)
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in PublishBatchRequestEntries:
                self._publish(entry, answer)
            return answer

    def _publish(self, entry: Any, answer: dict[str, Any]) -> None:
        event = Event.from_json(entry["Message"])
        if str(event.id) in self.refuse:
            self.refuse.discard(str(event.id))
            answer["Failed"].append(
                {"Id": entry["Id"], "Code": "InternalFailure", "SenderFault": False}
            )
            return
        self.events.append(event)
        self.attributes.append(entry["MessageAttributes"])
        for subscription in self._subscriptions:
            if subscription.wants(entry["MessageAttributes"]):
                subscription.queue.send(entry["Message"], entry["MessageAttributes"])
        answer["Successful"].append({"Id": entry["Id"], "MessageId": str(uuid4())})


def _check_size(entries: list[Any]) -> None:
    if len(entries) > BATCH_ENTRIES:
        raise _client_error("TooManyEntriesInBatchRequest", f"{len(entries)} entries")
    if sum(len(entry["Message"].encode()) for entry in entries) > BATCH_BYTES:
        raise _client_error("BatchRequestTooLong", f"more than {BATCH_BYTES} bytes")


def _client_error(code: str, message: str, operation: str = "PublishBatch") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def _not_in_flight(entry_id: str) -> dict[str, Any]:
    return {
        "Id": entry_id,
        "Code": "MessageNotInflight",
        "Message": "the message is not in flight",
        "SenderFault": True,
    }
