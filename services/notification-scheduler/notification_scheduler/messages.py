"""Writes the event `notification:send` as an entry of a batch for the topic.

The models of the contract would take most of the scheduler's time. A test reads the entries with
the models.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha1
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple
from uuid import UUID

from event_messages.event import SCHEMA_VERSION
from event_messages.identifiers import uuid7_texts

from notification_scheduler.due import Due

TYPE = "notification:send"
ATTRIBUTE_BYTES = 1024  # room for the attributes of one message
_ITEM = {"DataType": "String", "StringValue": "notification"}
_TYPE = {"DataType": "String", "StringValue": TYPE}


class Sending(NamedTuple):
    due: Due
    body: str
    size: int  # bytes

    trace: str | None = None

    @property
    def attributes(self) -> dict[str, Any]:
        user = {"DataType": "String", "StringValue": self.due.user_id}
        attributes = {"eventItemType": _ITEM, "eventType": _TYPE, "userId": user}
        if trace := self.trace or self.due.traceparent:
            attributes["traceparent"] = {"DataType": "String", "StringValue": trace}
        return attributes


def create_sendings(dues: Sequence[Due]) -> list[Sending]:
    now = _instant(datetime.now(UTC))
    return [_sending(due, id, now) for due, id in zip(dues, uuid7_texts(len(dues)), strict=True)]


def _sending(due: Due, id: str, now: str) -> Sending:
    moment = due.occurrence.isoformat(timespec="microseconds")
    occurrence, same = f"{moment[:-6]}Z", due.deliver_at == due.occurrence
    notification = str(due.id)
    reminder = _reminder_text(due, notification)
    body = (
        f'{{"id":"{id}","type":"{TYPE}","userId":{quoted(due.user_id)},"occurredAt":"{now}",'
        f'"schemaVersion":{SCHEMA_VERSION},"data":{{"notificationId":"{notification}",'
        f'"reminderId":{reminder},"occurrenceId":"{occurrence_text(due.id, moment)}",'
        f'"occurrence":"{occurrence}",'
        f'"deliverAt":"{occurrence if same else _instant(due.deliver_at)}",'
        f"{due.content[1:-1]}{_optional_members(due)}}}}}"
    )
    if body.isascii():
        return Sending(due, body, len(body) + ATTRIBUTE_BYTES)
    # SQS rejects these two code points in a message body.
    body = body.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
    return Sending(due, body, len(body.encode()) + ATTRIBUTE_BYTES)


def _optional_members(due: Due) -> str:
    zone = f',"timeZone":{quoted(due.time_zone)}' if due.time_zone else ""
    explicit = ',"explicitTime":true' if due.explicit_time else ""
    missed = f',"missed":{due.missed}' if due.missed else ""
    return f"{zone}{explicit}{missed}"


def _reminder_text(due: Due, notification: str) -> str:
    """Return the reminder id as JSON; usually it equals the notification id."""
    if due.reminder_id is None:
        return "null"
    return f'"{notification if due.reminder_id == due.id else due.reminder_id}"'


def occurrence_text(notification_id: UUID, moment: str) -> str:
    """Return `occurrence_id` as text, but faster; `moment` is UTC with microseconds."""
    name = notification_id.bytes + moment.encode()
    hash = sha1(name, usedforsecurity=False).hexdigest()
    variant = "89ab"[int(hash[16], 16) & 3]
    return f"{hash[:8]}-{hash[8:12]}-5{hash[13:16]}-{variant}{hash[17:20]}-{hash[20:32]}"


def _instant(moment: datetime) -> str:
    return f"{moment.isoformat()[:-6]}Z"  # of a moment in UTC
