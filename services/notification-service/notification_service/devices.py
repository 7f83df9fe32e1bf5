"""Devices: which pushes a user has asked for, and the rules for registering them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from event_messages.contract import DeviceRegistered, DeviceRemoved
from event_messages.event import Event
from event_messages.identifiers import uuid7

from notification_service.errors import DeviceNotAssociated, NeverRetry, UnacceptableToken

DEVICES_PER_USER = 20
TOKEN = re.compile(r"[!-~]{1,1024}")  # FCM's are visible ASCII, about 160 characters


@dataclass(frozen=True, kw_only=True)
class Device:
    id: UUID
    user_id: str
    fcm_token: str
    created_at: datetime


class Devices(Protocol):
    """Keeps devices; an event given with a change is published if and only if it was made."""

    def add(self, device: Device, registered: Event) -> None:
        """Raise DeviceAlreadyRegistered or DeviceLimitReached when the rules forbid it."""
        ...

    def remove(self, user_id: str, device_id: UUID, removed: Event) -> bool:
        """Whether this user had that device."""
        ...

    def of(self, user_id: str) -> Sequence[Device]:
        """Oldest first."""
        ...


class TokenCheck(Protocol):
    def check(self, token: str) -> None:
        """Raise NeverRetry when no push can reach the token."""
        ...


def register(user_id: str, token: str, devices: Devices, tokens: TokenCheck) -> Device:
    """Remember a device after FCM has said, without sending anything, that it can be reached."""
    if not TOKEN.fullmatch(token):
        raise UnacceptableToken
    try:
        tokens.check(token)
    except NeverRetry as refusal:
        raise UnacceptableToken from refusal
    device = Device(id=uuid7(), user_id=user_id, fcm_token=token, created_at=datetime.now(UTC))
    devices.add(device, registered_event(device))
    return device


def remove(user_id: str, device_id: UUID, devices: Devices) -> None:
    """Forget one of the user's devices; another user's device is as unknown as none at all."""
    if not devices.remove(user_id, device_id, removed_event(user_id, device_id)):
        raise DeviceNotAssociated


def registered_event(device: Device) -> Event:
    return Event.new("device:registered", device.user_id, DeviceRegistered(device_id=device.id))


def removed_event(user_id: str, device_id: UUID, reason: str | None = None) -> Event:
    data = DeviceRemoved(device_id=device_id, reason=reason)
    return Event.new("device:removed", user_id, data)
