"""Publishes the events of an outbox."""

import logging
import select as sockets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from random import uniform
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from event_messages.backoff import full_jitter
from event_messages.errors import MalformedEvent
from event_messages.event import Event
from event_messages.failures import describe
from event_messages.publisher import Outgoing
from sqlalchemy import Connection, Engine, Row, func, select, text, update

from service_runtime.event_publisher import TracedPublisher
from service_runtime.metrics import OUTBOX_FAILED, OUTBOX_PUBLISHED
from service_runtime.outbox import CHANNEL, outbox
from service_runtime.refused_events import UNDO

PURGED = 10_000  # rows of one statement
LONGEST_REST = 2.5  # seconds after a stop; shorter than `process.LAST_PARTS`
QUIET = 5  # times the interval of searches, while nothing fails: then notifications suffice
REFUSED_AGAIN = 3600  # seconds between attempts with an event that the topic calls invalid

logger = logging.getLogger(__name__)


class _Failure(NamedTuple):
    reason: str
    is_permanent: bool  # True if the event is the reason, not the topic


class OutboxRelay:
    """Publishes the events of an outbox in order, and marks them afterwards.

    Any number of relays can run at once. After a crash between the two steps, another relay
    publishes the events again. An event that the topic calls invalid delays no other event. When
    a relay stops, it publishes the committed events first, unless the topic or the database fails.
    """

    def __init__(
        self,
        engine: Engine,
        publisher: TracedPublisher,
        *,
        poll: float = 1,  # seconds between searches after a failure; without one, see QUIET
        batch: int = 100,
        keep: timedelta = timedelta(days=7),
    ) -> None:
        self._engine, self._publisher = engine, publisher
        self._poll, self._batch, self._keep = poll, batch, keep
        self._stopping = threading.Event()
        self._beat, self._purged = time.monotonic(), float("-inf")
        self._looked = float("-inf")  # last search for rows to purge
        self._in_trouble = False

    def run(self) -> None:
        """Relay until `stop`; after an error of the database or the topic, try again."""
        failures = 0
        while not self._stopping.is_set():
            try:
                with self._listen() as notifications:
                    failures = 0
                    self._relay_and_wait(notifications)
            except Exception as error:  # of the database or the topic
                failures += 1
                self._wait_after_failure(error, failures)
        self._publish_rest()

    def stop(self) -> None:
        self._stopping.set()

    def alive(self) -> bool:
        """Return False when the loop hangs."""
        return time.monotonic() - self._beat < self._poll * QUIET + 120

    def relay_once(self) -> int:
        """Publish one batch and return its number of events."""
        self._beat = time.monotonic()
        with self._engine.begin() as connection:
            connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
            rows = connection.execute(_select_waiting(self._batch)).all()
            if not rows:
                return 0
            readable, failures = _read_events(rows)
            for failed in self._publisher.publish(readable) if readable else ():
                failures[failed.entry.event.id] = _Failure(failed.reason, failed.permanent)
            _mark(connection, rows, failures)
            if readable:
                self._in_trouble = any(not failure.is_permanent for failure in failures.values())
        return len(rows)

    def _relay_and_wait(self, notifications: "psycopg.Connection[Any]") -> None:
        while not self._stopping.is_set():
            published = self.relay_once()
            if published < self._batch or time.monotonic() - self._looked >= self._poll:
                self._looked = time.monotonic()
                self._purge()
            if published < self._batch:
                self._wait_for_more(notifications)

    def _publish_rest(self) -> None:
        """Publish the remaining events for at most `LONGEST_REST`; other relays do the rest."""
        end = time.monotonic() + LONGEST_REST

        def publish() -> None:
            with suppress(Exception):  # another relay reports it
                while not self._in_trouble and time.monotonic() < end and self.relay_once():
                    pass

        (rest := threading.Thread(target=publish, name="rest of the outbox", daemon=True)).start()
        rest.join(LONGEST_REST)

    def _wait_for_more(self, notifications: "psycopg.Connection[Any]") -> None:
        """Wait for a notification, for the next search, or for `stop`."""
        end = time.monotonic() + self._poll * (1 if self._in_trouble else QUIET)
        while not self._stopping.is_set() and (left := end - time.monotonic()) > 0:
            # `notifies` would wake ten times a second.
            ready, _, _ = sockets.select([notifications.fileno()], [], [], min(left, 0.5))
            if ready and any([True for _ in notifications.notifies(timeout=0)]):
                return

    @contextmanager
    def _listen(self) -> Iterator["psycopg.Connection[Any]"]:
        """Listen for commits on a connection that is detached from the pool."""
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, psycopg.Connection)
        pooled.detach()
        with closing(connection):
            connection.autocommit = True
            connection.execute(f"listen {CHANNEL}")
            yield connection

    def _wait_after_failure(self, error: Exception, failures: int) -> None:
        reason = describe(error)
        logger.warning("could not relay the outbox; trying again", extra={"reason": reason})
        self._in_trouble, self._beat = True, time.monotonic()
        self._stopping.wait(0.1 + full_jitter(failures, base=0.2, cap=10))

    def _purge(self) -> None:
        """Delete events that were published longer than `keep` ago, every ten minutes."""
        if time.monotonic() - self._purged < 600:
            return
        self._purged = time.monotonic()
        old = outbox.c.published_at < func.now() - self._keep
        some = select(outbox.c.position).where(old).limit(PURGED).with_for_update(skip_locked=True)
        with self._engine.begin() as connection:
            connection.execute(UNDO)
            removed = connection.execute(outbox.delete().where(outbox.c.position.in_(some)))
        if removed.rowcount == PURGED:
            self._purged = float("-inf")


def _select_waiting(limit: int) -> Any:
    return (
        select(
            outbox.c.position,
            outbox.c.event_id,
            outbox.c.body,
            outbox.c.traceparent,
            outbox.c.attempts,
            func.extract("epoch", func.now() - outbox.c.created_at).label("age"),
        )
        .where(outbox.c.published_at.is_(None), outbox.c.retry_at <= func.now())
        .order_by(outbox.c.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _read_events(rows: Sequence[Row[Any]]) -> tuple[list[Outgoing], dict[UUID, _Failure]]:
    """Return the readable events, and a failure for each other, for example of a newer version."""
    readable, failures = [], {}
    for row in rows:
        try:
            readable.append(Outgoing(Event.from_json(row.body), row.traceparent))
        except MalformedEvent as error:
            failures[row.event_id] = _Failure(str(error), is_permanent=True)
    return readable, failures


def _mark(
    connection: Connection, rows: Sequence[Row[Any]], failures: Mapping[UUID, _Failure]
) -> None:
    for row in rows:
        if failure := failures.get(row.event_id):
            _postpone(connection, row, failure)
    published = [row.position for row in rows if row.event_id not in failures]
    connection.execute(
        update(outbox).where(outbox.c.position.in_(published)).values(published_at=func.now())
    )
    OUTBOX_PUBLISHED.inc(len(published))
    OUTBOX_FAILED.inc(len(failures))


def _postpone(connection: Connection, row: Row[Any], failure: _Failure) -> None:
    """Schedule another attempt; `attempts` counts how often the event itself was the reason."""
    outage = uniform(0.5, 1 + min(60, float(row.age) / 2))
    seconds = REFUSED_AGAIN if failure.is_permanent else outage
    extra = {"event_id": str(row.event_id), "reason": failure.reason}
    logger.error("could not publish an event; trying again", extra=extra)
    connection.execute(
        update(outbox)
        .where(outbox.c.position == row.position)
        .values(
            attempts=row.attempts + failure.is_permanent,
            last_failure=failure.reason[:500],
            retry_at=func.now() + timedelta(seconds=seconds),
        )
    )
