"""Stores waiting notifications in PostgreSQL, on the clock of the database."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from event_messages.content import Channel
from event_messages.contract import DueNotification
from event_messages.event import Event
from service_runtime.database import take_turn
from service_runtime.traces import current_traceparent
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from notification_service.deliveries import Rejection
from notification_service.delivery_store import reject, without_nul
from notification_service.tables import waiting_notifications as table
from notification_service.waiting import (
    LEASE,
    Collapse,
    NotNow,
    Waiting,
    due_of,
    id_of,
    newest_of,
    replace_by_newest,
    whole_of,
)

SUPERSEDED = "SUPERSEDED"


class PostgresWaitingNotifications:
    """Stores waiting notifications; each call is one transaction."""

    def __init__(
        self,
        engine: Engine,
        *,
        patience: timedelta = timedelta(hours=72),
        collapse: Collapse = "series",
        lease: timedelta = LEASE,
    ) -> None:
        self._engine, self._patience, self._lease = engine, patience, lease
        self._collapses = collapse == "series"

    def admit(self, event: Event) -> bool:
        """Return True if the caller attempts the notification now, False if it waits.

        It waits if it is stored already, or if others of its series wait. Then the newest one
        replaces the others.
        """
        due = due_of(event)
        query = select(table.c.occurrence_id).where(self._must_wait(event.user_id, due))
        with self._engine.connect() as connection:
            waiting = set(connection.scalars(query))
        if not waiting:
            return True
        if due.occurrence_id in waiting:
            return False
        self.put(event, NotNow("earlier occurrences of the series wait", failed=False))
        return False

    def put(self, event: Event, delay: NotNow) -> None:
        """Store the notification for another attempt; a repeat changes nothing."""
        due = due_of(event)
        with self._engine.begin() as connection:
            take_turn(connection, event.user_id)
            if connection.execute(select(table.c.channel).where(_is(due.occurrence_id))).first():
                return
            others = self._others(connection, event.user_id, due)
            retry_at = min(
                (row.retry_at for row in others),
                default=func.now() + timedelta(seconds=delay.wait(1)),
            )
            failures = max((row.failures for row in others), default=int(delay.failed))
            connection.execute(insert(table).values(_row(event, retry_at, failures, delay)))
            if others:
                _collapse(connection, [event, *(Event.from_json(row.event) for row in others)])

    def claim(self, channel: Channel, limit: int) -> Sequence[Waiting]:
        """Claim notifications that are due for an attempt, the longest overdue first."""
        due = (
            select(table.c.occurrence_id)
            .where(table.c.channel == channel, table.c.retry_at <= func.now())
            .order_by(table.c.retry_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        lease_end = func.now() + self._lease
        claimed = {"claimed": True, "attempts": table.c.attempts + 1, "retry_at": lease_end}
        expired = (table.c.stored_at + self._patience <= func.now()).label("expired")
        own = update(table).where(table.c.occurrence_id.in_(due)).values(claimed)
        with self._engine.begin() as connection:
            rows = connection.execute(own.returning(table, expired)).all()
        return [Waiting.of(row) for row in rows]

    def postpone(self, waiting: Waiting, delay: NotNow) -> None:
        """End the claim and wait again, unless a later attempt has taken it over."""
        failures = waiting.failures + delay.failed
        values = {
            "claimed": False,
            "failures": failures,
            "retry_at": func.now() + timedelta(seconds=delay.wait(failures)),
            "problem": without_nul(str(delay)),
        }
        with self._engine.begin() as connection:
            connection.execute(update(table).where(_is_claimed_by(waiting)).values(values))

    def finish(self, waiting: Waiting) -> None:
        """Delete a notification that needs no other attempt."""
        with self._engine.begin() as connection:
            connection.execute(delete(table).where(_is_claimed_by(waiting)))

    def oldest_age(self, channel: Channel) -> float:
        """Return the age of the oldest waiting notification in seconds, or 0 if none waits."""
        age = func.extract("epoch", func.now() - func.min(table.c.stored_at))
        with self._engine.connect() as connection:
            return float(connection.scalar(select(age).where(table.c.channel == channel)) or 0)

    def _must_wait(self, user_id: str, due: DueNotification) -> ColumnElement[bool]:
        if due.reminder_id is None or not self._collapses:
            return _is(due.occurrence_id)
        return or_(_is(due.occurrence_id), _is_of_series(user_id, due))

    def _others(
        self, connection: Connection, user_id: str, due: DueNotification
    ) -> Sequence[Row[Any]]:
        """Return the waiting notifications of the series that no worker attempts now."""
        if due.reminder_id is None or not self._collapses:
            return ()
        query = select(table).where(_is_of_series(user_id, due))
        return connection.execute(query.with_for_update(skip_locked=True)).all()


def _collapse(connection: Connection, events: Sequence[Event]) -> None:
    """Keep the newest of a series, with the number of missed ones."""
    newest, missed = newest_of(events), 0
    for older in events:
        if older is newest:
            continue
        rejection = reject(connection, whole_of(older), SUPERSEDED)
        if rejection is not Rejection.HELD:
            connection.execute(delete(table).where(_is(id_of(older))))
        if rejection is Rejection.ENDED:
            missed += 1 + due_of(older).missed
    body = replace_by_newest(newest, missed).to_json()
    connection.execute(update(table).where(_is(id_of(newest))).values(event=body))


def _row(event: Event, retry_at: Any, failures: int, delay: NotNow) -> dict[str, Any]:
    due = due_of(event)
    return {
        "occurrence_id": due.occurrence_id,
        "user_id": event.user_id,
        "channel": due.channel,
        "reminder_id": due.reminder_id,
        "occurrence": due.occurrence,
        "event": event.to_json(),
        "traceparent": current_traceparent(),
        "stored_at": func.now(),
        "retry_at": retry_at,
        "claimed": False,
        "attempts": 0,
        "failures": failures,
        "problem": without_nul(str(delay)),
    }


def _is(occurrence_id: Any) -> ColumnElement[bool]:
    return table.c.occurrence_id.in_([occurrence_id])


def _is_of_series(user_id: str, due: DueNotification) -> ColumnElement[bool]:
    idle = or_(~table.c.claimed, table.c.retry_at <= func.now())
    same = and_(table.c.user_id == user_id, table.c.reminder_id == due.reminder_id)
    return and_(same, table.c.channel == due.channel, idle)


def _is_claimed_by(waiting: Waiting) -> ColumnElement[bool]:
    own = _is(id_of(waiting.event))
    return and_(own, table.c.claimed, table.c.attempts == waiting.attempt)
