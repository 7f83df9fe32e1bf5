"""One topic that feeds one queue with dead letters: in memory, and in the AWS emulator."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from event_messages.consumer import Consumer, Pace
from event_messages.event import Event
from event_messages.fakes import InMemoryQueue, InMemoryTopic
from event_messages.publisher import Publisher
from event_messages.received import QueueClient

MAX_RECEIVES = 3
FILTER = {"eventItemType": ["reminder"]}
QUICK = Pace(threads=4, wait=1, visibility=30, retry_base=0.01, grace=5)


@dataclass(frozen=True)
class Transport:
    """`waiting` and `dead` are the bodies that are in the queue and in its dead letters."""

    topic: Any
    topic_arn: str
    queue: QueueClient
    queue_url: str
    waiting: Callable[[], list[str]]
    dead: Callable[[], list[str]]
    send: Callable[[str], None]

    def publisher(self) -> Publisher:
        return Publisher(self.topic, self.topic_arn, sleep=lambda seconds: None)

    @contextmanager
    def consumer(self, handle: Callable[[Event], None], **options: Any) -> Iterator[Consumer]:
        """A consumer that runs until the block ends."""
        consumer = Consumer(self.queue, self.queue_url, handle, **{"pace": QUICK, **options})
        thread = threading.Thread(target=consumer.run)
        thread.start()
        try:
            yield consumer
        finally:
            consumer.stop()
            thread.join(20)
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
        topic, topic.arn, queue, queue.url, lambda: queue.bodies, lambda: dead.bodies, queue.send
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
        lambda: bodies(sqs, queue_url),
        lambda: bodies(sqs, dead_url),
        lambda body: sqs.send_message(QueueUrl=queue_url, MessageBody=body),
    )


def arn(sqs: Any, url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def bodies(sqs: Any, url: str) -> list[str]:
    """The visible messages, left visible."""
    found: list[str] = []
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=2
    ).get("Messages"):
        found += [message["Body"] for message in messages]
    return found
