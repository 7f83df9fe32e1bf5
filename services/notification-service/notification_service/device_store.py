"""Devices and suppressed addresses in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from event_messages.event import Event
from service_runtime.outbox import append
from sqlalchemy import Connection, Engine, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from notification_service.devices import DEVICES_PER_USER, Device
from notification_service.errors import DeviceAlreadyRegistered, DeviceLimitReached
from notification_service.tables import devices, suppressed_addresses


class PostgresDevices:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, device: Device, registered: Event) -> None:
        with self._engine.begin() as connection:
            lock_user(connection, device.user_id)
            if not insert_device(connection, device):
                raise DeviceAlreadyRegistered
            if count(connection, device.user_id) > DEVICES_PER_USER:
                raise DeviceLimitReached
            append(connection, registered)

    def remove(self, user_id: str, device_id: UUID, removed: Event) -> bool:
        with self._engine.begin() as connection:
            if not delete_device(connection, user_id, device_id):
                return False
            append(connection, removed)
            return True

    def of(self, user_id: str) -> Sequence[Device]:
        query = select(devices).where(devices.c.user_id == user_id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(devices.c.created_at, devices.c.id))
            return [Device(**row) for row in rows.mappings()]


class PostgresSuppressedAddresses:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, address: str, reason: str) -> None:
        """The first reason stays."""
        row = {"address": address.casefold(), "reason": reason, "since": func.now()}
        with self._engine.begin() as connection:
            connection.execute(insert(suppressed_addresses).values(row).on_conflict_do_nothing())

    def includes(self, address: str) -> bool:
        known = exists().where(suppressed_addresses.c.address == address.casefold())
        with self._engine.connect() as connection:
            return bool(connection.scalar(select(known)))


def lock_user(connection: Connection, user_id: str) -> None:
    """One registration of a user at a time, so that the limit holds; freed at the commit."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(user_id, 0))))


def insert_device(connection: Connection, device: Device) -> bool:
    values = {column: getattr(device, column) for column in devices.c.keys()}
    statement = insert(devices).values(values)
    added = statement.on_conflict_do_nothing(constraint="devices_user_token")
    return connection.execute(added.returning(devices.c.id)).first() is not None


def delete_device(connection: Connection, user_id: str, device_id: UUID) -> bool:
    statement = delete(devices).where(devices.c.id == device_id, devices.c.user_id == user_id)
    return connection.execute(statement.returning(devices.c.id)).first() is not None


def count(connection: Connection, user_id: str) -> int:
    query = select(func.count()).select_from(devices).where(devices.c.user_id == user_id)
    return int(connection.scalar(query) or 0)
