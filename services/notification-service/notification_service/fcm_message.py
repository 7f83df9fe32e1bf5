"""Writes messages of FCM HTTP v1 for Android, iPhones and web push."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from event_messages.content import Content

from notification_service.text_cleaning import clean, cut_bytes, safe_web_address
from notification_service.texts import PushText

LIFETIME = timedelta(hours=4)  # during which a push waits for an offline phone
LARGEST_PAYLOAD = 4_000  # bytes for a device; FCM and APNs accept 4,096
IN_TEXT_OR_DATA = {"channel", "message", "url", "urgent", "email"}
TIME_SENSITIVE = "time-sensitive"


@dataclass(frozen=True, kw_only=True)
class Push:
    token: str
    text: PushText
    notification_id: UUID
    occurrence_id: UUID
    occurrence: datetime
    content: Content


def message_of(push: Push, lifetime: timedelta = LIFETIME) -> dict[str, Any]:
    """Return the message for Android, iPhones and web push.

    Android gets a data message, of which FCM stores up to 100 for an offline phone. With
    `notification` or `collapse_key`, FCM would store one or four. The app uses the occurrence as
    tag, so a repeated message replaces the first.
    """
    seconds, body = int(lifetime.total_seconds()), push.text.body
    while size_of(message := whole_message(push, body, seconds)) > LARGEST_PAYLOAD and body:
        body = cut_bytes(body, len(body.encode()) * 3 // 4 - 3)
    return message


def size_of(message: dict[str, Any]) -> int:
    """Return the bytes for an iPhone, which receives the data and the alert."""
    payload = [message["data"], message["apns"]["payload"]]
    return len(json.dumps(payload, ensure_ascii=False).encode())


def whole_message(push: Push, body: str, seconds: int) -> dict[str, Any]:
    occurrence, text = str(push.occurrence_id), {"title": push.text.title, "body": body}
    aps = {"alert": text, "sound": "default"}
    return {
        "token": push.token,
        "data": {
            **added_members(push.content),
            **text,
            "notificationId": str(push.notification_id),
            "occurrenceId": occurrence,
            "occurrence": push.occurrence.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "url": safe_web_address(push.content.url) or "",  # opened by the app
            "tag": occurrence,
            "channel": "urgent" if push.content.urgent else "reminders",
        },
        "android": {"priority": "HIGH", "ttl": f"{seconds}s"},
        "apns": {
            "headers": {
                "apns-collapse-id": occurrence,
                "apns-expiration": str(int(time.time()) + seconds),
                "apns-priority": "10",
                "apns-push-type": "alert",
            },
            "payload": {
                "aps": aps | ({"interruption-level": TIME_SENSITIVE} if push.content.urgent else {})
            },
        },
        "webpush": {
            "headers": {"TTL": str(seconds), "Urgency": "high"},
            "notification": {**text, "tag": occurrence},
        },
    }


def added_members(content: Content) -> dict[str, str]:
    """Return the members of the content that the texts and the other data do not contain."""
    added = content.model_dump(mode="json", by_alias=True, exclude=IN_TEXT_OR_DATA)
    return {
        name: clean(value) if isinstance(value, str) else json.dumps(value)
        for name, value in added.items()
    }
