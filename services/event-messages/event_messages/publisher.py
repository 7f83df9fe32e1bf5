"""Publishes events to a topic, in batches, and reports what was not accepted."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from zlib import crc32

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from event_messages.backoff import full_jitter
from event_messages.event import Event

BATCH_ENTRIES = 10
BATCH_BYTES = 256 * 1024
ATTEMPTS = 4
INVALID = {"InvalidParameter", "ParameterValueInvalid", "ValidationException"}  # codes of SNS


@dataclass(frozen=True)
class Outgoing:
    """An event on its way to a topic, with the trace that it belongs to."""

    event: Event
    traceparent: str | None = None


@dataclass(frozen=True)
class Failed:
    """A message that the topic did not accept; `permanent` when no repeat can help."""

    message: Outgoing
    reason: str
    permanent: bool = False
    unanswered: bool = field(default=False, compare=False)  # the topic said nothing at all


class TopicClient(Protocol):
    """The part of an SNS client that is used here."""

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]: ...


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
    """What subscribers filter by, and the trace."""
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

    Up to `lanes` batches are under way at once, each user's in one lane. What is behind a batch
    that the topic does not answer is not tried, so that a call takes about a minute at most.
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
        """Publish all; return those that were not accepted after several attempts."""
        if len(messages) <= BATCH_ENTRIES:
            return self._publish_lane(messages)
        lanes: list[list[Outgoing]] = [[] for _ in range(self._lanes)]
        for message in messages:
            lanes[crc32(message.event.user_id.encode()) % self._lanes].append(message)
        return [failed for lane in self._pool.map(self._publish_lane, lanes) for failed in lane]

    def close(self) -> None:
        self._pool.shutdown()

    def _publish_lane(self, messages: Sequence[Outgoing]) -> list[Failed]:
        entries = [_Entry.of(message) for message in messages]
        failed = [
            Failed(entry.message, f"{entry.size} bytes; a topic takes {BATCH_BYTES}", True)
            for entry in entries
            if entry.size > BATCH_BYTES
        ]
        fitting = [entry for entry in entries if entry.size <= BATCH_BYTES]
        for batch in batches(fitting):
            if failed and failed[-1].unanswered:
                failed += [replace(failed[-1], message=entry.message) for entry in batch]
            else:
                failed += self._publish_batch(batch)
        return failed

    def _publish_batch(self, batch: list[_Entry]) -> list[Failed]:
        permanent: list[Failed] = []
        for attempt in range(1, ATTEMPTS + 1):
            refused = self._attempt(batch)
            permanent += [failed for _, failed in refused if failed.permanent]
            batch = [entry for entry, failed in refused if not failed.permanent]
            if not batch:
                return permanent
            if attempt < ATTEMPTS:
                self._sleep(full_jitter(attempt, base=0.1, cap=2))
        return permanent + [failed for _, failed in refused if not failed.permanent]

    def _attempt(self, batch: list[_Entry]) -> list[tuple[_Entry, Failed]]:
        try:
            answer = self.client.publish_batch(
                TopicArn=self.topic_arn,
                PublishBatchRequestEntries=[
                    {"Id": str(at), "Message": entry.body, "MessageAttributes": entry.attributes}
                    for at, entry in enumerate(batch)
                ],
            )
        except (ClientError, BotoCoreError, ResponseParserError) as error:
            if _is_invalid(error):
                return self._singly(batch, str(error))
            silent = isinstance(error, BotoCoreError)
            return [
                (entry, Failed(entry.message, str(error), unanswered=silent)) for entry in batch
            ]
        return [_refused(batch, entry) for entry in answer.get("Failed", [])]

    def _singly(self, batch: list[_Entry], reason: str) -> list[tuple[_Entry, Failed]]:
        """A request that is refused as a whole, for one of its entries: find out which."""
        if len(batch) == 1:
            return [(batch[0], Failed(batch[0].message, reason, permanent=True))]
        refused: list[tuple[_Entry, Failed]] = []
        for entry in batch:
            if refused and (last := refused[-1][1]).unanswered:
                refused.append((entry, replace(last, message=entry.message)))
            else:
                refused += self._attempt([entry])
        return refused


def _is_invalid(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"].get("Code") in INVALID


def _refused(batch: list[_Entry], failure: dict[str, Any]) -> tuple[_Entry, Failed]:
    entry = batch[int(failure["Id"])]
    reason = f"{failure.get('Code', 'Unknown')}: {failure.get('Message', 'no reason given')}"
    return entry, Failed(entry.message, reason, bool(failure.get("SenderFault")))


def batches(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """Batches as large as a topic takes, in order."""
    batch: list[_Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == BATCH_ENTRIES or size + entry.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch
