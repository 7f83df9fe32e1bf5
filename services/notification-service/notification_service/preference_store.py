"""Stores preferences in PostgreSQL, one row for each user with preferences."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from typing import Any

from service_runtime.outbox import append
from sqlalchemy import Connection, Engine, RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert

from notification_service.device_store import lock_user
from notification_service.preferences import Preferences, updated_event
from notification_service.quiet_hours import QuietWindow
from notification_service.tables import preferences


class PostgresPreferences:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, user_id: str) -> Preferences:
        with self._engine.connect() as connection:
            return stored(connection, user_id)

    def change(self, user_id: str, make: Callable[[Preferences], Preferences]) -> Preferences:
        """Store the result of `make` as the next version, unless it is equal.

        A change of the time zone is published in the same transaction.
        """
        with self._engine.begin() as connection:
            lock_user(connection, user_id)
            current = stored(connection, user_id)
            changed = replace(make(current), version=current.version)
            if changed == current:
                return current
            changed = replace(changed, version=current.version + 1)
            values = {**row_of(changed), "updated_at": func.now()}
            written = insert(preferences).values(user_id=user_id, **values)
            connection.execute(
                written.on_conflict_do_update(index_elements=["user_id"], set_=values)
            )
            if zone_of(changed) != zone_of(current):
                append(connection, updated_event(user_id, changed))
            return changed


def zone_of(given: Preferences) -> tuple[str, bool]:
    return given.time_zone, given.time_zone_source == "default"


def stored(connection: Connection, user_id: str) -> Preferences:
    query = select(preferences).where(preferences.c.user_id == user_id)
    row = connection.execute(query).mappings().one_or_none()
    return preferences_of(row) if row else Preferences()


def row_of(given: Preferences) -> dict[str, Any]:
    windows = [
        {"days": list(window.days), "begin": f"{window.begin:%H:%M}", "end": f"{window.end:%H:%M}"}
        for window in given.quiet_hours
    ]
    return {
        "time_zone": given.time_zone,
        "time_zone_source": given.time_zone_source,
        "locale": given.locale,
        "quiet_hours": windows,
        "channels": sorted(given.channels),
        "digest_at": given.digest_at,
        "unsubscribed": given.unsubscribed,
        "version": given.version,
    }


def preferences_of(row: RowMapping) -> Preferences:
    windows = tuple(
        QuietWindow(
            days=tuple(window["days"]),
            begin=time.fromisoformat(window["begin"]),
            end=time.fromisoformat(window["end"]),
        )
        for window in row["quiet_hours"]
    )
    return Preferences(
        time_zone=row["time_zone"],
        time_zone_source=row["time_zone_source"],
        locale=row["locale"],
        quiet_hours=windows,
        channels=frozenset(row["channels"]),
        digest_at=row["digest_at"],
        unsubscribed=row["unsubscribed"],
        version=row["version"],
    )
