"""Publishes what services store in their outbox."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from typing import Any, Protocol

import psycopg
from event_messages.backoff import full_jitter
from event_messages.errors import MalformedEvent
from event_messages.event import Event
from event_messages.publisher import Failed, Outgoing
from sqlalchemy import Connection, Engine, Row, func, select, text, update

from service_runtime.metrics import OUTBOX_AGE, OUTBOX_FAILED, OUTBOX_PUBLISHED, OUTBOX_REFUSED
from service_runtime.outbox import CHANNEL, outbox
from service_runtime.refused_events import count_refused, set_aside

PURGED = 10_000  # rows at once
LONGEST_REST = 2.5  # seconds after a stop; less than a process gives its last parts
REFUSED_AGAIN = 3600  # seconds between attempts with an event that the topic calls invalid
ATTEMPTS = 5  # before such an event is set aside: four hours, for a fault may lie in the topic

logger = logging.getLogger(__name__)


class EventPublisher(Protocol):
    def publish(self, messages: Sequence[Outgoing]) -> list[Failed]: ...


class OutboxRelay:
    """Publishes what is in the outbox, in order, and marks it only afterwards.

    Any number of relays can run at once. A crash between publishing and marking publishes
    an event twice and never loses one. What no topic takes is set aside. When a relay is
    stopped, it publishes what is committed, unless the topic or the database is in trouble:
    then another will.
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
            readable = [(row, one) for row in rows if (one := _outgoing(connection, row))]
            if readable:
                failed = self._publisher.publish([outgoing for _, outgoing in readable])
                _mark(connection, [row for row, _ in readable], failed)
                self._in_trouble = any(not failure.permanent for failure in failed)
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
        age = func.extract("epoch", func.now() - func.min(outbox.c.created_at))
        with self._engine.connect() as connection:
            oldest = connection.scalar(select(age).where(outbox.c.published_at.is_(None)))
            OUTBOX_REFUSED.set(count_refused(connection))
        OUTBOX_AGE.set(float(oldest or 0))

    def _purge(self) -> None:
        """Remove what was published long ago, some at each look; every ten minutes when none is."""
        if time.monotonic() - self._purged < 600:
            return
        self._purged = time.monotonic()
        old = outbox.c.published_at < func.now() - self._keep
        some = select(outbox.c.position).where(old).limit(PURGED).with_for_update(skip_locked=True)
        with self._engine.begin() as connection:
            removed = connection.execute(outbox.delete().where(outbox.c.position.in_(some)))
        if removed.rowcount == PURGED:
            self._purged = float("-inf")


def _waiting(limit: int) -> Any:
    return (
        select(
            outbox.c.position,
            outbox.c.event_id,
            outbox.c.body,
            outbox.c.traceparent,
            outbox.c.attempts,
        )
        .where(outbox.c.published_at.is_(None), outbox.c.retry_at <= func.now())
        .order_by(outbox.c.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _outgoing(connection: Connection, row: Row[Any]) -> Outgoing | None:
    """None of what cannot be read, such as an event of a version that was rolled back."""
    try:
        return Outgoing(Event.from_json(row.body), row.traceparent)
    except MalformedEvent as error:
        set_aside(connection, row.position, str(error))
        return None


def _mark(connection: Connection, rows: Sequence[Row[Any]], failed: Sequence[Failed]) -> None:
    reasons = {failure.message.event.id: failure for failure in failed}
    published = []
    for row in rows:
        failure = reasons.get(row.event_id)
        if failure and failure.permanent and row.attempts + 1 >= ATTEMPTS:
            set_aside(connection, row.position, failure.reason)
        elif failure:
            _postpone(connection, row, failure)
        else:
            published.append(row.position)
    connection.execute(
        update(outbox).where(outbox.c.position.in_(published)).values(published_at=func.now())
    )
    OUTBOX_PUBLISHED.inc(len(published))
    OUTBOX_FAILED.inc(len(failed))


def _postpone(connection: Connection, row: Row[Any], failure: Failed) -> None:
    seconds = REFUSED_AGAIN if failure.permanent else full_jitter(row.attempts + 1, base=1, cap=60)
    logger.error("event not published; trying again", extra={"reason": failure.reason})
    connection.execute(
        update(outbox)
        .where(outbox.c.position == row.position)
        .values(
            attempts=row.attempts + 1,
            last_failure=failure.reason[:500],
            retry_at=func.now() + timedelta(seconds=seconds),
        )
    )
