"""Due notifications and a topic in memory, for tests and demonstrations."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from event_messages.event import Event
from notification_scheduler.budgets import (
    NOTIFICATIONS_PER_DAY,
    Standing,
    counts_of,
    failure_of,
    with_budgets,
)
from notification_scheduler.due import Due, NextDue, Refused, Settlement
from notification_scheduler.due_notifications import MOST_OF_A_USER, MOST_REFUSALS


class TimedAlarm:
    """Waits without a database: only time and `wake` end a wait."""

    def __init__(self) -> None:
        self._woken = threading.Event()

    def wait(self, seconds: float, planned: NextDue | None) -> None:
        self._woken.wait(seconds)
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Row:
    """What the table holds; `due` has the columns that a claim returns."""

    due: Due
    state: str = "pending"
    lease_until: datetime | None = None
    refusals: int = 0
    refusal_reason: str | None = None
    is_counted: bool = False


class InMemoryDueNotifications:
    """Behaves as PostgresDueNotifications does."""

    def __init__(
        self,
        lease: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        per_day: int = NOTIFICATIONS_PER_DAY,
    ) -> None:
        self._lease, self._clock = timedelta(seconds=lease), clock
        self._per_day = per_day
        self._lock = threading.Lock()
        self.rows: dict[UUID, Row] = {}
        self.budgets: dict[str, Standing] = {}
        self.rejected: list[Event] = []  # what the outbox would publish

    def put(self, due: Due) -> None:
        """Store a version, as the event service does: any lease is gone."""
        with self._lock:
            self.rows[due.id] = Row(due)

    def claim(self, limit: int) -> list[Due]:
        with self._lock:
            now = self._clock()
            found = [row for row in self.rows.values() if self._claimable(row) <= now]
            chosen = _in_turn(sorted(found, key=lambda row: row.due.deliver_at))[:limit]
            claimed = [self._take(row, now) for row in chosen]
            for user, count in counts_of(claimed).items():
                self.budgets[user] = self._counted(user, count, now)
            return with_budgets(claimed, self.budgets, self._per_day)

    def _counted(self, user: str, count: int, now: datetime) -> Standing:
        resumes = datetime.combine(now.date(), time(), UTC) + timedelta(days=1)
        known = self.budgets.get(user)
        if known is None or known.resumes != resumes:
            return Standing(count, False, resumes)
        return known._replace(counted=known.counted + count)

    def reject(self, rejections: Sequence[Settlement], noticed: Sequence[str]) -> None:
        if self.settle(rejections):
            self.rejected += [failure_of(one.due) for one in rejections]
            for user in noticed:
                self.budgets[user] = self.budgets[user]._replace(is_noticed=True)

    def settle(self, settlements: Sequence[Settlement]) -> int:
        with self._lock:
            held = [settled for settled in settlements if self._holds(settled.due)]
            for settled in held:
                row = self.rows[settled.due.id]
                due = row.due._replace(
                    occurrence=settled.occurrence or row.due.occurrence,
                    deliver_at=settled.deliver_at or row.due.deliver_at,
                )
                self.rows[due.id] = Row(due, "pending" if settled.deliver_at else "ended")
            return len(held)

    def release(self, dues: Sequence[Due], seconds: float = 0) -> None:
        with self._lock:
            until = self._clock() + timedelta(seconds=seconds)
            for due in filter(self._holds, dues):
                kept = self.rows[due.id].is_counted and due.resumes is None
                self.rows[due.id] = replace(self.rows[due.id], lease_until=until, is_counted=kept)

    def refuse(self, refused: Sequence[Refused], seconds: float) -> None:
        with self._lock:
            until = self._clock() + timedelta(seconds=seconds)
            for one in refused:
                if self._holds(one.due):
                    row = self.rows[one.due.id]
                    count = row.refusals + 1
                    state = "refused" if one.final or count >= MOST_REFUSALS else row.state
                    self.rows[one.due.id] = Row(row.due, state, until, count, one.reason, True)

    def next_due(self) -> NextDue | None:
        with self._lock:
            pending = [row for row in self.rows.values() if row.state == "pending"]
            if not pending:
                return None
            moment = min(self._claimable(row) for row in pending)
            return NextDue(moment.timestamp(), (moment - self._clock()).total_seconds())

    def _claimable(self, row: Row) -> datetime:
        if row.state != "pending":
            return datetime.max.replace(tzinfo=UTC)
        return max(row.due.deliver_at, row.lease_until or row.due.deliver_at)

    def _take(self, row: Row, now: datetime) -> Due:
        until = now + self._lease
        late = (now - row.due.deliver_at).total_seconds()
        self.rows[row.due.id] = replace(row, lease_until=until, is_counted=True)
        return row.due._replace(lease_until=until, late=late, counted=row.is_counted)

    def _holds(self, due: Due) -> bool:
        row = self.rows.get(due.id)
        claimed = due.version, due.lease_until
        return row is not None and (row.due.version, row.lease_until) == claimed


def _in_turn(rows: Sequence[Row]) -> list[Row]:
    """The first of each user, then the second of each, and so on."""
    turns: Counter[str] = Counter()
    placed = []
    for row in rows:
        turns[row.due.user_id] += 1
        placed.append((turns[row.due.user_id], row))
    placed.sort(key=lambda one: one[0])
    return [row for turn, row in placed if turn <= MOST_OF_A_USER]


class InMemoryTopic:
    """Takes every message, unless told to fail; remembers when each came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.received: list[tuple[datetime, Event]] = []
        self.attributes: list[dict[str, Any]] = []
        self.largest_batch = 0
        self.fail: Callable[[Event], str | None] = lambda event: None  # a code of failure

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        failed = []
        for entry in PublishBatchRequestEntries:
            event = Event.from_json(entry["Message"])
            if code := self.fail(event):
                wrong = code == "InvalidParameter"
                failed.append({"Id": entry["Id"], "Code": code, "SenderFault": wrong})
                continue
            with self._lock:
                self.received.append((datetime.now(UTC), event))
                self.attributes.append(entry["MessageAttributes"])
        self.largest_batch = max(self.largest_batch, len(PublishBatchRequestEntries))
        return {"Successful": [], "Failed": failed}

    @property
    def notifications(self) -> list[str]:
        """The ids of the notifications that were published, in order."""
        with self._lock:
            return [event.data["notificationId"] for _, event in self.received]
