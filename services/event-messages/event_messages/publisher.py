"""Publishes events to a topic in batches, and reports events that the topic rejected."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

from event_messages.backoff import full_jitter
from event_messages.event import Event
from event_messages.topic import (
    BATCH_ENTRIES,
    Refusal,
    TopicClient,
    batches,
    publish_batch,
    split_oversized,
)

ATTEMPTS = 4


@dataclass(frozen=True)
class Outgoing:
    """Pairs an event to publish with its trace."""

    event: Event
    traceparent: str | None = None


@dataclass(frozen=True)
class Failed:
    """Describes a message that the topic rejected; `permanent` if a repeat cannot help."""

    message: Outgoing
    reason: str
    permanent: bool = False
    unanswered: bool = field(default=False, compare=False)  # the topic did not answer at all


@dataclass(frozen=True)
class _Entry:
    message: Outgoing
    body: str
    attributes: dict[str, Any]
    size: int  # bytes

    @classmethod
    def of(cls, message: Outgoing) -> "_Entry":
        body, attributes = message.event.to_json(), attributes_of(message)
        size = len(body.encode()) + sum(
            len(name) + len(value["DataType"]) + len(value["StringValue"].encode())
            for name, value in attributes.items()
        )
        return cls(message, body, attributes, size)


def attributes_of(message: Outgoing) -> dict[str, Any]:
    """Return the attributes that subscriptions filter by, and the trace."""
    values = {
        "eventItemType": message.event.item_type,
        "eventType": message.event.type,
        "userId": message.event.user_id,
        "traceparent": message.traceparent,
    }
    return {
        name: {"DataType": "String", "StringValue": value}
        for name, value in values.items()
        if value
    }


class Publisher:
    """Publishes to one topic; events of one user keep their order within a call.

    Up to `lanes` threads send batches, and all events of a user go through one of them. After a
    batch without an answer, a thread skips its other batches. A call takes at most one minute.
    """

    def __init__(
        self,
        client: TopicClient,
        topic_arn: str,
        *,
        lanes: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client, self.topic_arn = client, topic_arn
        self._lanes, self._sleep = lanes, sleep
        self._pool = ThreadPoolExecutor(lanes, thread_name_prefix="publish")

    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]:
        """Publish all messages; return those that the topic rejected in every attempt."""
        if len(messages) <= BATCH_ENTRIES:
            return self._publish_lane(messages)
        lanes: list[list[Outgoing]] = [[] for _ in range(self._lanes)]
        for message in messages:
            lanes[crc32(message.event.user_id.encode()) % self._lanes].append(message)
        return [failed for lane in self._pool.map(self._publish_lane, lanes) for failed in lane]

    def close(self) -> None:
        self._pool.shutdown()

    def _publish_lane(self, messages: Sequence[Outgoing]) -> list[Failed]:
        fitting, refused = split_oversized([_Entry.of(message) for message in messages])
        for batch in batches(fitting):
            if refused and refused[-1].unanswered:
                refused += [replace(refused[-1], entry=entry) for entry in batch]
            else:
                refused += self._publish_batch(batch)
        return [
            Failed(refusal.entry.message, refusal.reason, refusal.permanent, refusal.unanswered)
            for refusal in refused
        ]

    def _publish_batch(self, batch: list[_Entry]) -> list[Refusal[_Entry]]:
        permanent: list[Refusal[_Entry]] = []
        for attempt in range(1, ATTEMPTS + 1):
            refused = publish_batch(self.client, self.topic_arn, batch)
            permanent += [refusal for refusal in refused if refusal.permanent]
            waiting = [refusal for refusal in refused if not refusal.permanent]
            if not waiting or attempt == ATTEMPTS:
                break
            batch = [refusal.entry for refusal in waiting]
            self._sleep(full_jitter(attempt, base=0.1, cap=2))
        return permanent + waiting
