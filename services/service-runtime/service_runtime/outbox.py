"""Stores events in the transaction of the write that they report; a relay publishes them."""

from event_messages.event import Event
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from service_runtime.traces import current_traceparent

CHANNEL = "outbox"
# An `insert` of several rows would be compiled again on each write.
STORE = text(f"""
with stored as (
    insert into outbox (event_id, body, traceparent)
    select event_id, body, cast(:traceparent as text)
    from unnest(cast(:ids as uuid[]), cast(:bodies as text[])) as events (event_id, body)
    returning position
)
select pg_notify('{CHANNEL}', '') from stored
""")


def outbox_table(metadata: MetaData) -> Table:
    """Return the table `outbox`; migrations call `outbox_table(MetaData()).create(bind)`."""
    table = Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(always=True), primary_key=True),
        Column("event_id", Uuid, nullable=False, unique=True),
        Column("body", Text, nullable=False),
        Column("traceparent", Text),
        Column("created_at", DateTime(True), nullable=False, server_default=func.now()),
        Column("retry_at", DateTime(True), nullable=False, server_default=func.now()),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("last_failure", Text),
        Column("published_at", DateTime(True)),
    )
    waits = table.c.published_at.is_(None)
    Index("outbox_waiting", table.c.position, postgresql_where=waits)
    Index("outbox_published", table.c.published_at, postgresql_where=~waits)
    return table


outbox = outbox_table(MetaData())


def append(connection: Connection, *events: Event, traceparent: str | None = None) -> None:
    """Store events in the transaction of the connection; its commit wakes the relay."""
    if not events:
        return
    values = {
        "ids": [event.id for event in events],
        "bodies": [event.to_json() for event in events],
        "traceparent": traceparent or current_traceparent(),
    }
    connection.execute(STORE, values)
