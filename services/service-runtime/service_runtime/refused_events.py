"""Stores events that the topic rejects, until an operator retries or discards them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from service_runtime.outbox import CHANNEL

LONGEST_REASON = 500  # characters
AT_ONCE = 1_000  # events in a statement, which may take ten seconds

TABLE = """
create table refused_events (
    event_id uuid primary key,
    body text not null,
    traceparent text,
    created_at timestamptz not null,
    attempts integer not null,
    reason text not null,
    refused_at timestamptz not null default now()
)
"""
# Moves all events back to the outbox when a migration is reverted.
UNDO = """
insert into outbox (event_id, body, traceparent, created_at, attempts, last_failure)
select event_id, body, traceparent, created_at, attempts, reason from refused_events
order by created_at
"""
REFUSE = text("""
with gone as (delete from outbox where position = :position returning *)
insert into refused_events (event_id, body, traceparent, created_at, attempts, reason)
select event_id, body, traceparent, created_at, attempts + 1, :reason from gone
returning event_id
""")
# The envelope starts with its own type, so the first match is the type of the event.
OLDEST = text("""
select event_id, substring(body from '"type": ?"([a-z:]+)"'), octet_length(body), reason,
    attempts, created_at, refused_at
from refused_events order by created_at, event_id limit :limit
""")
LOCK = text("""
select event_id, body from refused_events where event_id = any(:ids)
order by created_at, event_id for update
""")
# Keeps the number of attempts, so that the next rejection moves the event back at once.
RETRY = text("""
with again as (delete from refused_events where event_id = any(:ids) returning *),
stored as (
    insert into outbox (event_id, body, traceparent, attempts, last_failure)
    select event_id, body, traceparent, attempts, reason from again order by created_at, event_id
    returning position
)
select pg_notify(:channel, '') from stored
""")
DISCARD = text("delete from refused_events where event_id = any(:ids)")

logger = logging.getLogger(__name__)


class UnknownEvents(Exception):
    """Reports ids that no refused event has; nothing was changed."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        super().__init__(
            f"Expected ids of refused events; found no event with {', '.join(map(str, ids))}. "
            "Nothing was changed; `list` prints the ids."
        )


@dataclass(frozen=True)
class RefusedEvent:
    """Describes a refused event without user data."""

    event_id: UUID
    type: str | None  # None if the body is not an event
    size: int  # bytes of the body
    reason: str
    attempts: int
    created_at: datetime
    refused_at: datetime


def refuse_event(connection: Connection, position: int, reason: str) -> None:
    """Move an event from the outbox to the refused events, in the connection's transaction."""
    values = {"position": position, "reason": reason[:LONGEST_REASON]}
    id = connection.scalar(REFUSE, values)
    logger.error("event refused", extra={"event_id": str(id), "reason": reason})


def count_refused(connection: Connection) -> int:
    return int(connection.scalar(text("select count(*) from refused_events")) or 0)


class RefusedEvents:
    """Lists, retries and discards refused events.

    Methods raise UnknownEvents for an unknown id, and then change nothing.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def oldest(self, limit: int = AT_ONCE) -> list[RefusedEvent]:
        with self._engine.connect() as connection:
            return [RefusedEvent(*row) for row in connection.execute(OLDEST, {"limit": limit})]

    def bodies(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        with self._engine.begin() as connection:
            return _lock(connection, ids)

    def retry(self, ids: Sequence[UUID]) -> None:
        """Move events back to the outbox, the oldest first."""
        with self._engine.begin() as connection:
            _lock(connection, ids)
            connection.execute(RETRY, {"ids": list(ids), "channel": CHANNEL})

    def discard(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Delete events and return their bodies."""
        with self._engine.begin() as connection:
            bodies = _lock(connection, ids)
            connection.execute(DISCARD, {"ids": list(ids)})
        return bodies


def _lock(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows: Any = connection.execute(LOCK, {"ids": list(ids)}).all()
    bodies: dict[UUID, str] = dict(rows)
    if missing := sorted(set(ids) - bodies.keys()):
        raise UnknownEvents(missing)
    return bodies
