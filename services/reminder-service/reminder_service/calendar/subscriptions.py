"""Stores secret addresses of calendars; the table contains only hashes."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.postgresql import insert

from reminder_service.tables import calendar_subscriptions

SECRET_BYTES = 32


def new_token() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class PostgresSubscriptions:
    """Stores at most one secret per user."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, user_id: str, token_hash: bytes, now: datetime) -> None:
        """Store the user's secret, and replace an earlier one."""
        values = {"token_hash": token_hash, "created_at": now}
        statement = insert(calendar_subscriptions).values(user_id=user_id, **values)
        with self._engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["user_id"], set_=values)
            )

    def remove(self, user_id: str) -> None:
        """Delete the user's secret, if there is one."""
        mine = calendar_subscriptions.c.user_id == user_id
        with self._engine.begin() as connection:
            connection.execute(delete(calendar_subscriptions).where(mine))

    def user_of(self, token_hash: bytes) -> str | None:
        same = calendar_subscriptions.c.token_hash == token_hash
        with self._engine.connect() as connection:
            return connection.scalar(select(calendar_subscriptions.c.user_id).where(same))
