"""The event `notification:send` as an entry of a batch for the topic.

It is written without the models of the contract, which would cost most of the scheduler's
time; a test reads it with them.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from event_messages.event import SCHEMA_VERSION
from event_messages.identifiers import occurrence_id, uuid7
from event_messages.publisher import BATCH_BYTES, BATCH_ENTRIES

from notification_scheduler.due import Due

TYPE = "notification:send"
ATTRIBUTE_BYTES = 1024  # room for the attributes of one message
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ITEM = {"DataType": "String", "StringValue": "notification"}
_TYPE = {"DataType": "String", "StringValue": TYPE}


@dataclass(frozen=True, slots=True)
class Sending:
    due: Due
    body: str
    size: int  # bytes

    @property
    def attributes(self) -> dict[str, Any]:
        user = {"DataType": "String", "StringValue": self.due.user_id}
        attributes = {"eventItemType": _ITEM, "eventType": _TYPE, "userId": user}
        if trace := self.due.traceparent:
            attributes["traceparent"] = {"DataType": "String", "StringValue": trace}
        return attributes


def sending(due: Due) -> Sending:
    body = _encode(
        {
            "id": str(uuid7()),
            "type": TYPE,
            "userId": due.user_id,
            "occurredAt": _instant(datetime.now(UTC)),
            "schemaVersion": SCHEMA_VERSION,
            "data": {
                "notificationId": str(due.id),
                "reminderId": str(due.reminder_id) if due.reminder_id else None,
                "occurrenceId": str(occurrence_id(due.id, due.occurrence)),
                "occurrence": _instant(due.occurrence),
                "deliverAt": _instant(due.deliver_at),
                "channel": due.channel,
                "message": due.message,
                "url": due.url,
                "email": due.email,
                "urgent": due.urgent,
            },
        }
    )
    # The two code points that queues do not accept in a message body.
    body = body.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    return Sending(due, body, len(body.encode()) + ATTRIBUTE_BYTES)


def batches(sendings: Sequence[Sending]) -> Iterator[list[Sending]]:
    """Batches as large as a topic takes."""
    batch: list[Sending] = []
    size = 0
    for one in sendings:
        if batch and (len(batch) == BATCH_ENTRIES or size + one.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
