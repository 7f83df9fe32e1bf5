"""SNS, SQS, the event store and the phones in memory, in all the trouble they can be in."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from botocore.exceptions import ClientError, ReadTimeoutError
from event_messages.event import Event
from notification_service.errors import OutcomeUnknown, RetryLater, Throttled
from notification_service.fcm_message import Push

from tests.faults.history import Effect, Sent
from tests.faults.promises import TOKEN
from tests.services.event_messages.fakes import InMemoryQueue, InMemoryTopic
from tests.services.event_service.fakes import InMemoryEventStore

Answer = TypeVar("Answer")
LONGEST_DETOUR = 1.0  # seconds


class Trouble:
    """Decides by chance what goes wrong; `share` is the part of the calls that do."""

    def __init__(self, seed: int, share: float = 0.0) -> None:
        self.share = share
        self.outage = False
        self.troubles = 0
        self._chance = random.Random(seed)
        self._turn = threading.Lock()

    def strikes(self) -> bool:
        with self._turn:
            struck = self._chance.random() < self.share
            self.troubles += struck
            return struck

    def choose(self, *kinds: str) -> str:
        with self._turn:
            return self._chance.choice(kinds)

    def below(self, bound: float) -> float:
        with self._turn:
            return self._chance.uniform(0, bound)

    def call(self, operation: str, act: Callable[[], Answer]) -> Answer:
        """Do it, or answer an error, or do it and lose the answer."""
        if self.outage:
            self.troubles += 1
            raise _error(operation, "ServiceUnavailable", 500)
        if not self.strikes():
            return act()
        kind = self.choose("error", "throttled", "lost answer")
        if kind == "error":
            raise _error(operation, "InternalError", 500)
        if kind == "throttled":
            raise _error(operation, "Throttling", 400)
        act()
        raise ReadTimeoutError(endpoint_url="memory://")


class Topics:
    """Topics by their names; a batch may be taken in part."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self._topics: dict[str, InMemoryTopic] = {}

    def add(self, topic: InMemoryTopic) -> str:
        self._topics[topic.arn] = topic
        return topic.arn

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        def publish() -> dict[str, Any]:
            topic, left = self._topics[TopicArn], [*PublishBatchRequestEntries]
            refused = [left.pop()] if self._trouble.strikes() else []
            answer = topic.publish_batch(TopicArn=TopicArn, PublishBatchRequestEntries=left)
            answer["Failed"] += map(_failed, refused)
            return answer

        return self._trouble.call("PublishBatch", publish)


class DetouringQueue(InMemoryQueue):
    """Some messages come late, and some twice."""

    def __init__(self, name: str, trouble: Trouble, dead_letters: InMemoryQueue) -> None:
        super().__init__(name, dead_letters=dead_letters, max_receives=20)
        self._trouble = trouble

    def send(
        self, body: str, attributes: Mapping[str, Any] | None = None, delay: float = 0
    ) -> None:
        if not self._trouble.strikes():
            return super().send(body, attributes, delay)
        for _ in range(2 if self._trouble.choose("late", "twice") == "twice" else 1):
            super().send(body, attributes, delay + self._trouble.below(LONGEST_DETOUR))


class Queues:
    """Queues by their addresses; a batch of deletions may be done in part."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self._queues: dict[str, InMemoryQueue] = {}

    def add(self, queue: InMemoryQueue) -> str:
        self._queues[queue.url] = queue
        return queue.url

    def receive_message(self, *, QueueUrl: str, **named: Any) -> dict[str, Any]:
        queue = self._queues[QueueUrl]
        return self._trouble.call(
            "ReceiveMessage", lambda: queue.receive_message(QueueUrl=QueueUrl, **named)
        )

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        def delete() -> dict[str, Any]:
            left = [*Entries]
            refused = [left.pop()] if self._trouble.strikes() else []
            answer = self._queues[QueueUrl].delete_message_batch(QueueUrl=QueueUrl, Entries=left)
            return {**answer, "Failed": [_failed(entry) for entry in refused]}

        return self._trouble.call("DeleteMessageBatch", delete)

    def change_message_visibility_batch(
        self, *, QueueUrl: str, Entries: list[Any]
    ) -> dict[str, Any]:
        queue = self._queues[QueueUrl]
        return self._trouble.call(
            "ChangeMessageVisibilityBatch",
            lambda: queue.change_message_visibility_batch(QueueUrl=QueueUrl, Entries=Entries),
        )

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        queue = self._queues[QueueUrl]
        return self._trouble.call(
            "SendMessageBatch",
            lambda: queue.send_message_batch(QueueUrl=QueueUrl, Entries=Entries),
        )

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[Any]) -> dict[str, Any]:
        return self._queues[QueueUrl].get_queue_attributes(
            QueueUrl=QueueUrl, AttributeNames=AttributeNames
        )


class EventStore(InMemoryEventStore):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self._trouble = trouble

    def append(self, event: Event) -> None:
        self._trouble.call("PutItem", lambda: InMemoryEventStore.append(self, event))


class Phones:
    """Takes pushes; in trouble it takes none, or takes one without saying so."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble
        self.sent: list[Sent] = []

    def send(self, push: Push) -> str:
        if self._trouble.outage:
            raise RetryLater("503")
        if self._trouble.strikes():
            self._fail(push)
        self._take(push)
        return f"message-{len(self.sent)}"

    def _fail(self, push: Push) -> None:
        match self._trouble.choose("throttled", "away", "cut before", "cut after"):
            case "throttled":
                raise Throttled("slow down", after=0.2)
            case "away":
                raise RetryLater("503")
            case "cut after":
                self._take(push)
        raise OutcomeUnknown("the connection broke")

    def _take(self, push: Push) -> None:
        effect = Effect(push.occurrence_id, push.token.removeprefix(TOKEN))
        self.sent.append(Sent(effect, time.time()))


def _failed(entry: Any) -> dict[str, Any]:
    return {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False}


def _error(operation: str, code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "in trouble"},
         "ResponseMetadata": {"HTTPStatusCode": status}},
        operation,
    )  # fmt: skip
