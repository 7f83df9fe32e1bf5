"""Events that are stored with the write they tell of, and published afterwards."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import Any, Protocol

import psycopg
from event_messages.backoff import full_jitter
from event_messages.event import Event
from event_messages.publisher import Failed, Outgoing
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Identity,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    Uuid,
    func,
    insert,
    select,
    text,
    update,
)

from service_runtime.metrics import OUTBOX_AGE, OUTBOX_FAILED, OUTBOX_PUBLISHED
from service_runtime.traces import current_traceparent

CHANNEL = "outbox"
PURGED = 10_000  # rows at once
LONGEST_REST = 2.5  # seconds after a stop; less than a process gives its last parts

logger = logging.getLogger(__name__)


def outbox_table(metadata: MetaData) -> Table:
    """The table `outbox`; a migration makes it by `outbox_table(MetaData()).create(bind)`."""
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


_outbox = outbox_table(MetaData())


def append(connection: Connection, *events: Event, traceparent: str | None = None) -> None:
    """Store events in the connection's transaction; its commit wakes the relay."""
    if not events:
        return
    trace = traceparent or current_traceparent()
    rows = [{"event_id": one.id, "body": one.to_json(), "traceparent": trace} for one in events]
    stored = insert(_outbox).values(rows).returning(_outbox.c.position).cte("stored")
    connection.execute(select(func.pg_notify(CHANNEL, "")).select_from(stored))


class EventPublisher(Protocol):
    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]: ...


class OutboxRelay:
    """Publishes what is in the outbox, in order, and marks it only afterwards.

    Any number of relays can run at once. A crash between publishing and marking publishes
    an event twice and never loses one. When it is stopped, it publishes what is committed,
    unless the topic or the database is in trouble: then another relay will.
    """

    def __init__(
        self,
        engine: Engine,
        publisher: EventPublisher,
        *,
        poll: float = 1,  # seconds between looks when no notification came
        batch: int = 100,
        keep: timedelta = timedelta(days=7),
    ) -> None:
        self._engine, self._publisher = engine, publisher
        self._poll, self._batch, self._keep = poll, batch, keep
        self._stopping = threading.Event()
        self._beat, self._purged = time.monotonic(), float("-inf")
        self._in_trouble = False

    def run(self) -> None:
        """Relay until `stop`; whatever the database or the topic does, go on."""
        failures = 0
        while not self._stopping.is_set():
            try:
                with self._listening() as notifications:
                    failures = 0
                    self._relay_and_wait(notifications)
            except Exception as error:  # whatever the database or the topic answered
                failures += 1
                self._wait_after_failure(error, failures)
        self._publish_rest()

    def stop(self) -> None:
        self._stopping.set()

    def alive(self) -> bool:
        """False when the loop hangs."""
        return time.monotonic() - self._beat < self._poll + 120

    def relay_once(self) -> int:
        """Publish one batch; how many events it held."""
        self._beat = time.monotonic()
        with self._engine.begin() as connection:
            connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
            rows = connection.execute(_waiting(self._batch)).all()
            if rows:
                failed = self._publisher.publish([_outgoing(row) for row in rows])
                _mark(connection, rows, failed)
                self._in_trouble = bool(failed)
        return len(rows)

    def _relay_and_wait(self, notifications: "psycopg.Connection[Any]") -> None:
        while not self._stopping.is_set():
            while self.relay_once() == self._batch and not self._stopping.is_set():
                pass
            self._measure()
            self._purge()
            self._wait_for_more(notifications)

    def _publish_rest(self) -> None:
        """For a few seconds at most: what is cut short is published again by another relay."""
        end = time.monotonic() + LONGEST_REST

        def publish() -> None:
            with suppress(Exception):  # another relay meets it, too
                while not self._in_trouble and time.monotonic() < end and self.relay_once():
                    pass

        (rest := threading.Thread(target=publish, name="rest of the outbox", daemon=True)).start()
        rest.join(LONGEST_REST)

    def _wait_for_more(self, notifications: "psycopg.Connection[Any]") -> None:
        """Return at a notification, at the next look, or soon after `stop`."""
        end = time.monotonic() + self._poll
        while not self._stopping.is_set() and (left := end - time.monotonic()) > 0:
            if list(notifications.notifies(timeout=min(left, 0.5), stop_after=1)):
                return

    @contextmanager
    def _listening(self) -> Iterator["psycopg.Connection[Any]"]:
        """A connection of its own, out of the pool."""
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        pooled.detach()
        with closing(connection):
            connection.autocommit = True
            connection.execute(f"listen {CHANNEL}")
            yield connection

    def _wait_after_failure(self, error: Exception, failures: int) -> None:
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        logger.warning("outbox not relayed; trying again", extra={"reason": reason})
        self._in_trouble, self._beat = True, time.monotonic()
        self._stopping.wait(0.1 + full_jitter(failures, base=0.2, cap=10))

    def _measure(self) -> None:
        age = func.extract("epoch", func.now() - func.min(_outbox.c.created_at))
        with self._engine.connect() as connection:
            oldest = connection.scalar(select(age).where(_outbox.c.published_at.is_(None)))
        OUTBOX_AGE.set(float(oldest or 0))

    def _purge(self) -> None:
        """Remove what was published long ago, some at each look; every ten minutes when none is."""
        if time.monotonic() - self._purged < 600:
            return
        self._purged = time.monotonic()
        old = _outbox.c.published_at < func.now() - self._keep
        some = select(_outbox.c.position).where(old).limit(PURGED).with_for_update(skip_locked=True)
        with self._engine.begin() as connection:
            removed = connection.execute(_outbox.delete().where(_outbox.c.position.in_(some)))
        if removed.rowcount == PURGED:
            self._purged = float("-inf")


def _waiting(limit: int) -> Any:
    return (
        select(
            _outbox.c.position,
            _outbox.c.event_id,
            _outbox.c.body,
            _outbox.c.traceparent,
            _outbox.c.attempts,
        )
        .where(_outbox.c.published_at.is_(None), _outbox.c.retry_at <= func.now())
        .order_by(_outbox.c.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _outgoing(row: Row[Any]) -> Outgoing:
    return Outgoing(Event.from_json(row.body), row.traceparent)


def _mark(connection: Connection, rows: Sequence[Row[Any]], failed: Sequence[Failed]) -> None:
    reasons = {failure.message.event.id: failure for failure in failed}
    published = []
    for row in rows:
        if failure := reasons.get(row.event_id):
            _postpone(connection, row, failure)
        else:
            published.append(row.position)
    connection.execute(
        update(_outbox).where(_outbox.c.position.in_(published)).values(published_at=func.now())
    )
    OUTBOX_PUBLISHED.inc(len(published))
    OUTBOX_FAILED.inc(len(failed))


def _postpone(connection: Connection, row: Row[Any], failure: Failed) -> None:
    """Try again later; an event that the topic can never take is tried once an hour."""
    seconds = 3600 if failure.permanent else full_jitter(row.attempts + 1, base=1, cap=60)
    logger.error("event not published; trying again", extra={"reason": failure.reason})
    connection.execute(
        update(_outbox)
        .where(_outbox.c.position == row.position)
        .values(
            attempts=row.attempts + 1,
            last_failure=failure.reason[:500],
            retry_at=func.now() + timedelta(seconds=seconds),
        )
    )
