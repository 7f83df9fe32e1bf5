"""Events that no topic takes: set aside from the outbox until somebody decides about them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from service_runtime.outbox import CHANNEL

LONGEST_REASON = 500  # characters
AT_ONCE = 1_000  # events; a statement has ten seconds

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
# Of a migration that is taken back: nothing is lost.
UNDO = """
insert into outbox (event_id, body, traceparent, created_at, attempts, last_failure)
select event_id, body, traceparent, created_at, attempts, reason from refused_events
order by created_at
"""
SET_ASIDE = text("""
with gone as (delete from outbox where position = :position returning *)
insert into refused_events (event_id, body, traceparent, created_at, attempts, reason)
select event_id, body, traceparent, created_at, attempts + 1, :reason from gone
returning event_id
""")
# The type is the first of its name, for the envelope begins with it.
OLDEST = text("""
select event_id, substring(body from '"type": ?"([a-z:]+)"'), octet_length(body), reason,
    attempts, created_at, refused_at
from refused_events order by created_at, event_id limit :limit
""")
LOCKED = text("""
select event_id, body from refused_events where event_id = any(:ids)
order by created_at, event_id for update
""")
# With the attempts that they had: what is refused once more is set aside at once.
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
    """No refused events have these ids; nothing was changed."""

    def __init__(self, ids: Sequence[UUID]) -> None:
        super().__init__(
            f"Expected ids of refused events, found none with {', '.join(map(str, ids))}; "
            "nothing was changed, and `list` shows the ids."
        )


@dataclass(frozen=True)
class RefusedEvent:
    """All but what users wrote."""

    event_id: UUID
    type: str | None  # None when the body is no event
    size: int  # bytes of the body
    reason: str
    attempts: int
    created_at: datetime
    refused_at: datetime


def set_aside(connection: Connection, position: int, reason: str) -> None:
    """Move an event out of the outbox, in the connection's transaction."""
    values = {"position": position, "reason": reason[:LONGEST_REASON]}
    id = connection.scalar(SET_ASIDE, values)
    logger.error("event set aside", extra={"event_id": str(id), "reason": reason})


def count_refused(connection: Connection) -> int:
    return int(connection.scalar(text("select count(*) from refused_events")) or 0)


class RefusedEvents:
    """What operators look at and decide about.

    An id that is not there is an error, and then nothing is changed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def oldest(self, limit: int = AT_ONCE) -> list[RefusedEvent]:
        with self._engine.connect() as connection:
            return [RefusedEvent(*row) for row in connection.execute(OLDEST, {"limit": limit})]

    def bodies(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        with self._engine.begin() as connection:
            return _locked(connection, ids)

    def retry(self, ids: Sequence[UUID]) -> None:
        """Back into the outbox, the oldest first."""
        with self._engine.begin() as connection:
            _locked(connection, ids)
            connection.execute(RETRY, {"ids": list(ids), "channel": CHANNEL})

    def discard(self, ids: Sequence[UUID]) -> dict[UUID, str]:
        """For good; what their bodies were."""
        with self._engine.begin() as connection:
            bodies = _locked(connection, ids)
            connection.execute(DISCARD, {"ids": list(ids)})
        return bodies


def _locked(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    rows: Any = connection.execute(LOCKED, {"ids": list(ids)}).all()
    found: dict[UUID, str] = dict(rows)
    if missing := sorted(set(ids) - found.keys()):
        raise UnknownEvents(missing)
    return found
