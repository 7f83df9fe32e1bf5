"""Publishes events to a topic in batches, and reports events that the topic rejected."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
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

    @cached_property
    def body(self) -> str:
        return self.event.to_json()

    @property
    def attributes(self) -> dict[str, Any]:
        """Return the attributes that subscriptions filter by, and the trace."""
        values = {
            "eventItemType": self.event.item_type,
            "eventType": self.event.type,
            "userId": self.event.user_id,
            "traceparent": self.traceparent,
        }
        return {
            name: {"DataType": "String", "StringValue": value}
            for name, value in values.items()
            if value
        }

    @cached_property
    def size(self) -> int:  # bytes
        return len(self.body.encode()) + sum(
            len(name) + len(value["DataType"]) + len(value["StringValue"].encode())
            for name, value in self.attributes.items()
        )


Failed = Refusal[Outgoing]


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
        fitting, refused = split_oversized(messages)
        for batch in batches(fitting):
            if refused and refused[-1].unanswered:
                refused += [replace(refused[-1], entry=entry) for entry in batch]
            else:
                refused += self._publish_batch(batch)
        return refused

    def _publish_batch(self, batch: list[Outgoing]) -> list[Failed]:
        permanent: list[Failed] = []
        for attempt in range(1, ATTEMPTS + 1):
            refused = publish_batch(self.client, self.topic_arn, batch)
            permanent += [refusal for refusal in refused if refusal.permanent]
            waiting = [refusal for refusal in refused if not refusal.permanent]
            if not waiting or attempt == ATTEMPTS:
                break
            batch = [refusal.entry for refusal in waiting]
            self._sleep(full_jitter(attempt, base=0.1, cap=2))
        return permanent + waiting
