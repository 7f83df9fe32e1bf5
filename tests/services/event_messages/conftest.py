"""One topic that feeds one queue with dead letters: in memory, and in the AWS emulator."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from event_messages.consumer import Consumer
from event_messages.dead_letters import DeadLetterQueue
from event_messages.event import Event
from event_messages.pace import Pace
from event_messages.publisher import Publisher
from event_messages.received import QueueClient

from tests.services.event_messages.fakes import InMemoryQueue, InMemoryTopic

MAX_RECEIVES = 3
SERVICE = "event-service"
FILTER = {"eventItemType": ["reminder"]}
QUICK = Pace(threads=4, wait=1, visibility=30, retry_base=0.01, grace=5)


@dataclass(frozen=True)
class Transport:
    """`waiting` are the bodies in the queue, `dead_letters` whole messages."""

    topic: Any
    topic_arn: str
    queue: QueueClient
    queue_url: str
    dead_letters_url: str
    waiting: Callable[[], list[str]]
    dead_letters: Callable[[], list[dict[str, Any]]]

    def send(self, body: str, **texts: str) -> None:
        """With attributes that are texts."""
        attributes = {
            name: {"DataType": "String", "StringValue": text} for name, text in texts.items()
        }
        entry = {"Id": "0", "MessageBody": body, "MessageAttributes": attributes}
        self.queue.send_message_batch(QueueUrl=self.queue_url, Entries=[entry])

    def receive_and_give_back(self) -> None:
        """As a consumer that could handle none."""
        answer = self.queue.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        entries = [
            {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
            for at, message in enumerate(answer["Messages"])
        ]
        self.queue.change_message_visibility_batch(QueueUrl=self.queue_url, Entries=entries)

    def dead(self) -> list[str]:
        """The bodies of the dead letters."""
        return [message["Body"] for message in self.dead_letters()]

    def publisher(self) -> Publisher:
        return Publisher(self.topic, self.topic_arn, sleep=lambda seconds: None)

    @contextmanager
    def consumer(self, handle: Callable[[Event], None], **options: Any) -> Iterator[Consumer]:
        """A consumer that runs until the block ends."""
        named = {"pace": QUICK, "dead_letters": DeadLetterQueue(self.dead_letters_url, SERVICE)}
        consumer = Consumer(self.queue, self.queue_url, handle, **{**named, **options})
        thread = threading.Thread(target=consumer.run)
        thread.start()
        try:
            yield consumer
        finally:
            consumer.stop()
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture(params=["memory", pytest.param("moto", marks=pytest.mark.integration)])
def transport(request: pytest.FixtureRequest) -> Transport:
    if request.param == "memory":
        return in_memory()
    return in_emulator(request.getfixturevalue("aws"))


@pytest.fixture
def memory() -> Transport:
    return in_memory()


def in_memory() -> Transport:
    topic, dead = InMemoryTopic(), InMemoryQueue("dead")
    queue = InMemoryQueue(dead_letters=dead, max_receives=MAX_RECEIVES, longest_wait=0.05)
    topic.subscribe(queue, FILTER)
    return Transport(
        topic,
        topic.arn,
        queue,
        queue.url,
        dead.url,
        lambda: queue.bodies,
        lambda: messages(dead, dead.url),
    )


def in_emulator(aws: Callable[[str], Any]) -> Transport:
    sns, sqs = aws("sns"), aws("sqs")
    dead_url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": arn(sqs, dead_url), "maxReceiveCount": MAX_RECEIVES}
    queue_url = sqs.create_queue(
        QueueName="queue", Attributes={"RedrivePolicy": json.dumps(redrive)}
    )["QueueUrl"]
    topic_arn = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=arn(sqs, queue_url),
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps(FILTER)},
    )
    return Transport(
        sns,
        topic_arn,
        sqs,
        queue_url,
        dead_url,
        lambda: [message["Body"] for message in messages(sqs, queue_url)],
        lambda: messages(sqs, dead_url),
    )


def arn(sqs: Any, url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def messages(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Those that are visible, shown again at once."""
    found: list[dict[str, Any]] = []
    while batch := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30, MessageAttributeNames=["All"]
    ).get("Messages"):
        found += batch
    for message in found:
        entry = {"Id": "0", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])
    return found
