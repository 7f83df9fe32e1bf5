"""Publishes one batch of entries to a topic, and reports those that the topic rejected."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from event_messages.failures import describe

BATCH_ENTRIES = 10
BATCH_BYTES = 256 * 1024
INVALID = {"InvalidParameter", "ParameterValueInvalid", "ValidationException"}  # codes of SNS


class TopicClient(Protocol):
    """Lists the methods of an SNS client that publishers use."""

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]: ...


class Entry(Protocol):
    @property
    def body(self) -> str: ...
    @property
    def attributes(self) -> dict[str, Any]: ...
    @property
    def size(self) -> int:
        """Return the bytes of the body and the attributes."""


SomeEntry = TypeVar("SomeEntry", bound=Entry)


@dataclass(frozen=True)
class Refusal(Generic[SomeEntry]):
    """Describes an entry that the topic rejected; `permanent` if a repeat cannot help."""

    entry: SomeEntry
    reason: str
    permanent: bool = False
    unanswered: bool = field(default=False, compare=False)  # the topic did not answer at all


def publish_batch(
    client: TopicClient, topic_arn: str, batch: Sequence[SomeEntry]
) -> list[Refusal[SomeEntry]]:
    """Publish a batch once and return the entries that the topic rejected.

    SNS can reject a whole request because of one entry. The entries then go one by one.
    """
    entries = [
        {"Id": str(at), "Message": entry.body, "MessageAttributes": entry.attributes}
        for at, entry in enumerate(batch)
    ]
    try:
        answer = client.publish_batch(TopicArn=topic_arn, PublishBatchRequestEntries=entries)
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        if not _is_invalid(error):
            silent = isinstance(error, BotoCoreError)
            return [Refusal(entry, describe(error), unanswered=silent) for entry in batch]
        if len(batch) == 1:
            return [Refusal(batch[0], describe(error), permanent=True)]
        return _publish_singly(client, topic_arn, batch)
    return [_refusal(batch, failure) for failure in answer.get("Failed", [])]


def _publish_singly(
    client: TopicClient, topic_arn: str, batch: Sequence[SomeEntry]
) -> list[Refusal[SomeEntry]]:
    refused: list[Refusal[SomeEntry]] = []
    for entry in batch:
        if refused and refused[-1].unanswered:
            refused.append(replace(refused[-1], entry=entry))
        else:
            refused += publish_batch(client, topic_arn, [entry])
    return refused


def split_oversized(
    entries: Sequence[SomeEntry],
) -> tuple[list[SomeEntry], list[Refusal[SomeEntry]]]:
    """Return the entries that a topic accepts, and a refusal for each larger entry."""
    fitting = [entry for entry in entries if entry.size <= BATCH_BYTES]
    oversized = [entry for entry in entries if entry.size > BATCH_BYTES]
    return fitting, [
        Refusal(entry, f"{entry.size} bytes; a topic accepts {BATCH_BYTES}", permanent=True)
        for entry in oversized
    ]


def batches(entries: Sequence[SomeEntry]) -> Iterator[list[SomeEntry]]:
    """Yield the entries in order, in batches up to the limits of SNS."""
    batch: list[SomeEntry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == BATCH_ENTRIES or size + entry.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


def _is_invalid(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"].get("Code") in INVALID


def _refusal(batch: Sequence[SomeEntry], failure: dict[str, Any]) -> Refusal[SomeEntry]:
    reason = f"{failure.get('Code', 'Unknown')}: {failure.get('Message', 'no reason given')}"
    return Refusal(batch[int(failure["Id"])], reason, bool(failure.get("SenderFault")))
