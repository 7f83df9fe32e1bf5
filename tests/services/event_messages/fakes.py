"""A topic and a queue in memory that behave as SNS and SQS do, for tests and demonstrations."""

import heapq
import json
import threading
import time
from collections.abc import Mapping, Sequence
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
    visible_at: float = 0.0  # seconds of the monotonic clock
    turn: int = 0  # of its valid entry in the queue's heap
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
    ) -> None:
        self.url = f"memory://{_ACCOUNT}/{name}"
        self.arn = f"arn:aws:sqs:eu-central-1:{_ACCOUNT}:{name}"
        self._dead_letters, self._max_receives = dead_letters, max_receives
        self._longest_wait = longest_wait
        self._messages: dict[str, _Stored] = {}
        self._in_flight: dict[str, _Stored] = {}  # by receipt
        # When each message becomes visible, its turn and its id, the earliest first.
        self._visible: list[tuple[float, int, str]] = []
        self._turns = 0
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

    def send(
        self, body: str, attributes: Mapping[str, Any] | None = None, delay: float = 0
    ) -> None:
        """Add a message that becomes visible after `delay` seconds."""
        message = _Stored(body, dict(attributes or {}))
        with self._changed:
            self._messages[message.id] = message
            self._show_at(message, time.monotonic() + delay)

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
            while not (due := self._take_visible(MaxNumberOfMessages)):
                now = time.monotonic()
                if now >= end:
                    return {}
                until = min(end, self._visible[0][0]) if self._visible else end
                self._changed.wait(max(0, until - now))
            return {"Messages": [self._hand_out(message, VisibilityTimeout) for message in due]}

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        with self._changed:
            for entry in Entries:
                if message := self._in_flight.pop(entry["ReceiptHandle"], None):
                    del self._messages[message.id]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[Any]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        with self._changed:
            for entry in Entries:
                message, now = self._in_flight.get(entry["ReceiptHandle"]), time.monotonic()
                if message is None or message.visible_at <= now:
                    answer["Failed"].append(_not_in_flight(entry["Id"]))
                    continue
                self._show_at(message, now + entry["VisibilityTimeout"])
                answer["Successful"].append({"Id": entry["Id"]})
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

    def _show_at(self, message: _Stored, at: float) -> None:
        self._turns += 1
        message.visible_at, message.turn = at, self._turns
        heapq.heappush(self._visible, (at, self._turns, message.id))
        self._changed.notify_all()

    def _take_visible(self, limit: int) -> list[_Stored]:
        """Take visible messages; those received too often go to the dead letters instead."""
        taken: list[_Stored] = []
        while len(taken) < limit and self._visible and self._visible[0][0] <= time.monotonic():
            _, turn, id = heapq.heappop(self._visible)
            message = self._messages.get(id)
            if message is None or message.turn != turn:
                continue  # deleted, or visible at another time
            self._in_flight.pop(message.receipt, None)
            if self._dead_letters is None or message.receive_count < self._max_receives:
                taken.append(message)
            else:
                del self._messages[id]
                self._dead_letters.send(message.body, message.attributes)
        return taken

    def _hand_out(self, message: _Stored, visibility: int) -> dict[str, Any]:
        message.receive_count += 1
        message.receipt = str(uuid4())
        self._in_flight[message.receipt] = message
        self._show_at(message, time.monotonic() + visibility)
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
