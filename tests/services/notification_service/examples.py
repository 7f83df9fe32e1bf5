"""Deliveries, devices and messages that the tests are about."""

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from event_messages.contract import DueNotification
from event_messages.event import Event
from event_messages.identifiers import uuid7
from notification_service.deliveries import Delivery
from notification_service.devices import Device
from notification_service.senders import Senders
from notification_service.templates import Templates
from notification_service.texts import EmailText, PushText, Texts
from service_runtime.rate_limit import Rate

from tests.services.service_runtime.fake_buckets import InMemoryBuckets

NOTIFICATION = UUID("01930000-0000-7000-8000-000000000001")
REMINDER = UUID("01930000-0000-7000-8000-000000000002")
OCCURRENCE = UUID("5f0d7a52-0000-5000-8000-000000000003")
EMAIL_TEXT = EmailText(
    subject="Plants 🌱", text="Water\n.\nthe plants\n", html="<p>Water the plants 🌱</p>\n"
)
PUSH_TEXT = PushText(title="Reminder", body="Water the plants")
# Of generated requests: besides the usual, 413, for a body may be too large as well as wrong.
REFUSED_AS = ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
REFUSALS = {"negative_data_rejection": {"expected-statuses": REFUSED_AS}}
NINE = datetime(2030, 1, 1, 9, tzinfo=UTC)


def due(**changes: Any) -> Event:
    """A message of the scheduler, for the user `ada`."""
    data = {
        "notification_id": NOTIFICATION,
        "reminder_id": REMINDER,
        "occurrence_id": OCCURRENCE,
        "occurrence": NINE,
        "deliver_at": NINE,
        "channel": "push",
        "message": "Water the plants",
        "url": "https://example.org/plants",
        "email": "ada@example.org",
    }
    return Event.new("notification:send", "ada", DueNotification(**(data | changes)))


def device(token: str = "valid-1", user_id: str = "ada") -> Device:
    return Device(id=uuid7(), user_id=user_id, fcm_token=token, created_at=datetime.now(UTC))


def delivery(target: str | None = None, **changes: Any) -> Delivery:
    given = {
        "occurrence_id": uuid4(),
        "target": target or str(uuid4()),
        "channel": "push",
        "user_id": "ada",
        "notification_id": NOTIFICATION,
        "reminder_id": REMINDER,
    }
    return Delivery(**(given | changes))


@cache
def texts() -> Texts:
    return Texts(Templates())


@cache
def senders() -> Senders:
    return Senders(threads=8)


@cache
def service_account_key() -> str:
    """A Google service account's JSON key, made for this run; it opens nothing."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "herald-test",
            "private_key_id": "key-1",
            "private_key": pem.decode(),
            "client_email": "push@herald-test.iam.gserviceaccount.com",
            "token_uri": "https://tokens.test/token",
        }
    )


def roomy() -> InMemoryBuckets:
    """Of users who may call as often as a test does."""
    return InMemoryBuckets(Rate(per_second=1, burst=1_000_000), lambda: 0)
