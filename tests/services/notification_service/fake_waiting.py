"""Waiting notifications in memory, beside the deliveries in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from event_messages.content import Channel
from event_messages.event import Event
from notification_service.deliveries import Rejection
from notification_service.waiting import (
    LEASE,
    NotNow,
    Waiting,
    due_of,
    id_of,
    newest_of,
    replace_by_newest,
    whole_of,
)

from tests.services.notification_service.fakes import InMemoryDeliveries


@dataclass
class WaitingRow:
    waiting: Waiting
    stored_at: datetime
    retry_at: datetime
    claimed: bool = False
    problem: str = ""


@dataclass
class InMemoryWaiting:
    deliveries: InMemoryDeliveries
    patience: timedelta = timedelta(hours=72)
    collapses: bool = True
    rows: dict[UUID, WaitingRow] = field(default_factory=dict)

    def admit(self, event: Event) -> bool:
        if id_of(event) in self.rows:
            return False
        if self._others(event):
            self.put(event, NotNow("earlier occurrences of the series wait", failed=False))
            return False
        return True

    def put(self, event: Event, delay: NotNow) -> None:
        if id_of(event) in self.rows:
            return
        now, others = datetime.now(UTC), self._others(event)
        retry_at = now + timedelta(seconds=delay.wait(1))
        retry_at = min((row.retry_at for row in others), default=retry_at)
        failures = max((row.waiting.failures for row in others), default=int(delay.failed))
        waiting = Waiting(event=event, failures=failures)
        self.rows[id_of(event)] = WaitingRow(waiting, now, retry_at, problem=str(delay))
        if others:
            self._collapse([event, *(row.waiting.event for row in others)])

    def claim(self, channel: Channel, limit: int) -> Sequence[Waiting]:
        now = datetime.now(UTC)
        due = sorted(
            (
                row
                for row in self.rows.values()
                if due_of(row.waiting.event).channel == channel and row.retry_at <= now
            ),
            key=lambda row: row.retry_at,
        )[:limit]
        for row in due:
            expired = row.stored_at + self.patience <= now
            row.waiting = replace(row.waiting, attempt=row.waiting.attempt + 1, expired=expired)
            row.claimed, row.retry_at = True, now + LEASE
        return [row.waiting for row in due]

    def postpone(self, waiting: Waiting, delay: NotNow) -> None:
        row = self.rows.get(id_of(waiting.event))
        if row and row.claimed and row.waiting.attempt == waiting.attempt:
            failures = waiting.failures + delay.failed
            row.waiting = replace(row.waiting, failures=failures)
            row.retry_at = datetime.now(UTC) + timedelta(seconds=delay.wait(failures))
            row.claimed, row.problem = False, str(delay)

    def finish(self, waiting: Waiting) -> None:
        row = self.rows.get(id_of(waiting.event))
        if row and row.claimed and row.waiting.attempt == waiting.attempt:
            del self.rows[id_of(waiting.event)]

    def oldest_age(self, channel: Channel) -> float:
        rows = [row for row in self.rows.values() if due_of(row.waiting.event).channel == channel]
        oldest = min((row.stored_at for row in rows), default=datetime.now(UTC))
        return (datetime.now(UTC) - oldest).total_seconds()

    def pass_time(self, period: timedelta) -> None:
        for row in self.rows.values():
            row.retry_at -= period
            row.stored_at -= period

    def _others(self, event: Event) -> list[WaitingRow]:
        due, now = due_of(event), datetime.now(UTC)
        if due.reminder_id is None or not self.collapses:
            return []
        return [
            row
            for row in self.rows.values()
            if (due_of(row.waiting.event).reminder_id, due_of(row.waiting.event).channel)
            == (due.reminder_id, due.channel)
            and row.waiting.event.user_id == event.user_id
            and (not row.claimed or row.retry_at <= now)
        ]

    def _collapse(self, events: Sequence[Event]) -> None:
        newest, missed = newest_of(events), 0
        for older in events:
            if older is newest:
                continue
            rejection = self.deliveries.reject(whole_of(older), "SUPERSEDED")
            if rejection is not Rejection.HELD:
                self.rows.pop(id_of(older), None)
            if rejection is Rejection.ENDED:
                missed += 1 + due_of(older).missed
        row = self.rows[id_of(newest)]
        row.waiting = replace(row.waiting, event=replace_by_newest(newest, missed))
