"""Stores preferences in PostgreSQL, one row for each user with preferences."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from pydantic import TypeAdapter
from service_runtime.database import take_turn
from service_runtime.outbox import append
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.dialects.postgresql import insert

from notification_service.preferences import Preferences, updated_event
from notification_service.quiet_hours import QuietWindow
from notification_service.tables import preferences

PREFERENCES, WINDOWS = TypeAdapter(Preferences), TypeAdapter(tuple[QuietWindow, ...])
COLUMNS = [preferences.c[field.name] for field in fields(Preferences)]


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
            take_turn(connection, user_id)
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
    query = select(*COLUMNS).where(preferences.c.user_id == user_id)
    row = connection.execute(query).mappings().one_or_none()
    return PREFERENCES.validate_python(dict(row)) if row else Preferences()


def row_of(given: Preferences) -> dict[str, Any]:
    windows = WINDOWS.dump_python(given.quiet_hours, mode="json")
    return {**vars(given), "quiet_hours": windows, "channels": sorted(given.channels)}
