"""Stores devices and suppressed addresses in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from uuid import UUID

from event_messages.addresses import address_key
from event_messages.event import Event
from service_runtime.database import take_turn
from service_runtime.outbox import append
from sqlalchemy import Connection, Engine, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from notification_service.devices import DEVICES_PER_USER, Device, displacement
from notification_service.errors import DeviceLimitReached
from notification_service.tables import devices, suppressed_addresses

COLUMNS = [devices.c[field.name] for field in fields(Device)]
ALIVE = devices.c.dead_since.is_(None)
KEEP_DEAD = timedelta(days=7)


class PostgresDevices:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, device: Device, registered: Event) -> Device:
        with self._engine.begin() as connection:
            for key in filter(None, (device.fcm_token, device.installation_id, device.user_id)):
                take_turn(connection, key)
            known = same_phone(connection, device)
            own = next((one for one in known if one.user_id == device.user_id), None)
            displaced = [one for one in known if one is not own]
            ids = [one.id for one in displaced]
            connection.execute(delete(devices).where(devices.c.id.in_(ids)))
            stored, is_new = store(connection, device, own)
            if count(connection, device.user_id) > DEVICES_PER_USER:
                raise DeviceLimitReached
            append(connection, *(displacement(one, device) for one in displaced))
            if is_new:
                append(connection, registered)
            return stored

    def remove(self, user_id: str, device_id: UUID, removed: Event) -> bool:
        with self._engine.begin() as connection:
            if not delete_device(connection, user_id, device_id):
                return False
            append(connection, removed)
            return True

    def of(self, user_id: str) -> Sequence[Device]:
        query = select(*COLUMNS).where(devices.c.user_id == user_id, ALIVE)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(devices.c.created_at, devices.c.id))
            return [Device(**row) for row in rows.mappings()]

    def delete_dead(self, keep: timedelta = KEEP_DEAD) -> int:
        """Delete devices that FCM has reported as unknown for some days; return their number."""
        old = devices.c.dead_since < func.now() - keep
        with self._engine.begin() as connection:
            return connection.execute(delete(devices).where(old)).rowcount


@dataclass(frozen=True)
class SuppressedAddress:
    address: str
    reason: str
    since: datetime


class PostgresSuppressedAddresses:
    """Stores addresses that receive no e-mails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, address: str, reason: str) -> None:
        """Suppress the address; the first reason stays."""
        row = {"address": address_key(address), "reason": reason, "since": func.now()}
        with self._engine.begin() as connection:
            connection.execute(insert(suppressed_addresses).values(row).on_conflict_do_nothing())

    def oldest(self, limit: int) -> Sequence[SuppressedAddress]:
        query = select(suppressed_addresses).order_by(suppressed_addresses.c.since)
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit)).mappings()
            return [SuppressedAddress(**row) for row in rows]

    def remove(self, address: str) -> bool:
        """Remove the suppression of an address; return True if there was one."""
        own = suppressed_addresses.c.address == address_key(address)
        with self._engine.begin() as connection:
            return connection.execute(delete(suppressed_addresses).where(own)).rowcount == 1

    def includes(self, address: str) -> bool:
        known = exists().where(suppressed_addresses.c.address == address_key(address))
        with self._engine.connect() as connection:
            return bool(connection.scalar(select(known)))


def same_phone(connection: Connection, device: Device) -> Sequence[Device]:
    """Return the devices with the token or the installation, those with the token first."""
    same = [devices.c.fcm_token == device.fcm_token]
    if device.installation_id is not None:
        same.append(devices.c.installation_id == device.installation_id)
    query = select(*COLUMNS).where(or_(*same))
    rows = connection.execute(query.order_by(devices.c.fcm_token != device.fcm_token))
    return [Device(**row) for row in rows.mappings()]


def store(connection: Connection, device: Device, own: Device | None) -> tuple[Device, bool]:
    """Insert the device or update the user's own; return it and True if it is new."""
    if own is None:
        connection.execute(insert(devices).values(asdict(device)))
        return device, True
    renewed = replace(
        own,
        fcm_token=device.fcm_token,
        installation_id=device.installation_id or own.installation_id,
    )
    row = devices.c.id == own.id
    was_dead = connection.scalar(select(devices.c.dead_since).where(row)) is not None
    values = {**asdict(renewed), "last_used_at": func.now(), "dead_since": None}
    connection.execute(update(devices).where(row).values(values))
    return renewed, was_dead


def mark_dead(connection: Connection, user_id: str, device_id: UUID) -> bool:
    """Stop pushes to a device that FCM does not know; a new registration restores it."""
    row = update(devices).where(devices.c.id == device_id, devices.c.user_id == user_id, ALIVE)
    return connection.execute(row.values(dead_since=func.now())).rowcount == 1


def delete_device(connection: Connection, user_id: str, device_id: UUID) -> bool:
    own = delete(devices).where(devices.c.id == device_id, devices.c.user_id == user_id, ALIVE)
    return connection.execute(own).rowcount == 1


def count(connection: Connection, user_id: str) -> int:
    query = select(func.count()).select_from(devices).where(devices.c.user_id == user_id, ALIVE)
    return int(connection.scalar(query) or 0)
