"""Devices in memory that behave as those in PostgreSQL do."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from event_messages.event import Event
from notification_service.devices import DEVICES_PER_USER, Device, displacement
from notification_service.errors import DeviceLimitReached


@dataclass
class InMemoryDevices:
    outbox: list[Event] = field(default_factory=list)
    rows: dict[UUID, Device] = field(default_factory=dict)
    dead: set[UUID] = field(default_factory=set)

    def add(self, device: Device, registered: Event) -> Device:
        known = sorted(
            (one for one in self.rows.values() if is_same_phone(one, device)),
            key=lambda one: one.fcm_token != device.fcm_token,
        )
        own = next((one for one in known if one.user_id == device.user_id), None)
        alive = [one for one in self.of(device.user_id) if one not in known]
        if len(alive) >= DEVICES_PER_USER:
            raise DeviceLimitReached
        for displaced in (one for one in known if one is not own):
            del self.rows[displaced.id]
            self.outbox.append(displacement(displaced, device))
        if own is None or own.id in self.dead:
            self.outbox.append(registered)
        stored = device if own is None else renewed(own, device)
        self.rows[stored.id] = stored
        self.dead.discard(stored.id)
        return stored

    def remove(self, user_id: str, device_id: UUID, removed: Event) -> bool:
        if all(device.id != device_id for device in self.of(user_id)):
            return False
        del self.rows[device_id]
        self.outbox.append(removed)
        return True

    def mark_dead(self, user_id: str, device_id: UUID, removed: Event) -> None:
        if any(device.id == device_id for device in self.of(user_id)):
            self.dead.add(device_id)
            self.outbox.append(removed)

    def of(self, user_id: str) -> Sequence[Device]:
        rows = self.rows.values()
        return [one for one in rows if one.user_id == user_id and one.id not in self.dead]


def is_same_phone(one: Device, other: Device) -> bool:
    installations = {one.installation_id, other.installation_id}
    return one.fcm_token == other.fcm_token or (
        len(installations) == 1 and None not in installations
    )


def renewed(own: Device, device: Device) -> Device:
    installation = device.installation_id or own.installation_id
    return replace(own, fcm_token=device.fcm_token, installation_id=installation)
