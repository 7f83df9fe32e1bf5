"""What FCM keeps for an Android phone that is offline."""

import json
from typing import Any

import pytest
from event_messages.content import Content
from notification_service.fcm_message import Push, message_of
from notification_service.texts import PushText

from local.inbox.fcm import Phones
from tests.services.notification_service.examples import NINE, NOTIFICATION, delivery


def bodies_after(messages: list[dict[str, Any]]) -> list[str]:
    phones = Phones()
    for message in messages:
        body = json.dumps({"message": {"token": "offline-1", **message}})
        phones.send("project", body.encode())
    shown = [message.body for message in phones.connect("offline-1")]
    assert phones.connect("offline-1") == []
    return shown


def numbered(number: int, **changes: Any) -> dict[str, Any]:
    return {"data": {"body": str(number)}, **changes}


@pytest.mark.parametrize(
    ("messages", "shown"),
    [
        ([numbered(n) for n in range(100)], [str(n) for n in range(100)]),
        ([numbered(n) for n in range(101)], []),
        ([numbered(n, android={"collapse_key": f"{n}"}) for n in range(6)], ["2", "3", "4", "5"]),
        ([numbered(n, android={"collapse_key": "1"}) for n in range(6)], ["5"]),
        ([{"notification": {"body": str(n)}} for n in range(6)], ["5"]),
    ],
)
def test_fcm_stores_messages_as_documented(messages, shown):
    assert bodies_after(messages) == shown


def test_offline_phone_gets_every_reminder():
    messages = [
        message_of(
            Push(
                token="offline-1",
                text=PushText(title="Reminder", body=f"Pill {number}"),
                notification_id=NOTIFICATION,
                occurrence_id=delivery().occurrence_id,
                occurrence=NINE,
                content=Content(message=f"Pill {number}"),
            )
        )
        for number in range(20)
    ]
    assert bodies_after(messages) == [f"Pill {number}" for number in range(20)]
