"""Defines devices, which receive the pushes of a user, and the rules of registration.

A token belongs to the app on one phone, and to the user who registered it last.
"""

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
TOKEN = re.compile(r"[!-~]{1,1024}")  # tokens of FCM are visible ASCII, about 160 characters
INSTALLATION = re.compile(r"[!-~]{1,256}")


@dataclass(frozen=True, kw_only=True)
class Device:
    id: UUID
    user_id: str
    fcm_token: str
    created_at: datetime
    installation_id: str | None = None  # of the app; it stays when the token changes


class Devices(Protocol):
    """Stores devices; each change is published in the same transaction."""

    def add(self, device: Device, registered: Event) -> Device:
        """Store the device, or renew the user's device with its token or installation.

        Returns the stored device. The token and the installation leave every other device,
        which is removed with an event. Raises DeviceLimitReached.
        """
        ...

    def remove(self, user_id: str, device_id: UUID, removed: Event) -> bool:
        """Remove the device of a user; return True if there was one."""
        ...

    def of(self, user_id: str) -> Sequence[Device]:
        """Return the devices of a user, the oldest first."""
        ...


class TokenCheck(Protocol):
    def check(self, token: str) -> None:
        """Raise NeverRetry if no push can reach the token."""
        ...


def register(
    user_id: str,
    token: str,
    devices: Devices,
    tokens: TokenCheck,
    installation_id: str | None = None,
) -> tuple[Device, bool]:
    """Register a device; return it and True if it is new to this user.

    FCM checks a token that is new to the user, without sending a message.
    """
    if not TOKEN.fullmatch(token):
        raise UnacceptableToken
    if all(device.fcm_token != token for device in devices.of(user_id)):
        try:
            tokens.check(token)
        except NeverRetry as refusal:
            raise UnacceptableToken from refusal
    device = Device(
        id=uuid7(),
        user_id=user_id,
        fcm_token=token,
        created_at=datetime.now(UTC),
        installation_id=installation_id,
    )
    stored = devices.add(device, registered_event(device))
    return stored, stored.id == device.id


def remove(user_id: str, device_id: UUID, devices: Devices) -> None:
    """Remove a device of the user; raise DeviceNotAssociated if the user does not have it."""
    if not devices.remove(user_id, device_id, removed_event(user_id, device_id)):
        raise DeviceNotAssociated


def registered_event(device: Device) -> Event:
    return Event.new("device:registered", device.user_id, DeviceRegistered(device_id=device.id))


def displacement(displaced: Device, device: Device) -> Event:
    """Return the event for a device whose token or installation another registration took."""
    reason = "TRANSFERRED" if displaced.user_id != device.user_id else "REPLACED"
    return removed_event(displaced.user_id, displaced.id, reason)


def removed_event(user_id: str, device_id: UUID, reason: str | None = None) -> Event:
    data = DeviceRemoved(device_id=device_id, reason=reason)
    return Event.new("device:removed", user_id, data)
