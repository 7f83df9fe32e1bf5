"""Reminders and timelines in memory, for tests of what uses them."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from event_messages.contract import OccurrenceChange
from event_messages.event import Event
from reminder_service import events
from reminder_service.errors import MissingReminder, PermissionDenied, TooManyReminders
from reminder_service.idempotency import KEPT, KeyedAnswer
from reminder_service.reminders import Reminder
from reminder_service.store import REMINDERS_PER_USER, Place
from reminder_service.timeline import TimelinePage


class InMemoryTimelines:
    """Behaves as the index of the event store does, on `items` as that keeps them."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.items: list[dict[str, Any]] = []
        self._clock = clock

    def page(self, user_id: str, reminder_id: UUID, limit: int, after: UUID | None) -> TimelinePage:
        wanted = (user_id, str(reminder_id))
        events = [
            item
            for item in sorted(self.items, key=lambda item: str(item["id"]))
            if (item["userId"], item.get("reminderId")) == wanted
            and item["id"] > str(after or UUID(int=0))
            and item["expiresAt"] > self._clock().timestamp()
        ]
        return TimelinePage(events[:limit], len(events) > limit)


class InMemoryReminders:
    """Behaves as the store in PostgreSQL does; `events` has what it recorded."""

    def __init__(self, per_user: int = REMINDERS_PER_USER) -> None:
        self.events: list[Event] = []
        self._per_user = per_user
        self._reminders: dict[UUID, Reminder] = {}
        self._answers: dict[tuple[str, str], KeyedAnswer] = {}
        self._turn = threading.RLock()

    def add(
        self, added: Sequence[Reminder], answer: KeyedAnswer | None = None
    ) -> KeyedAnswer | None:
        user_id = added[0].user_id if added else answer.user_id if answer else None
        if user_id is None:
            return None
        with self._turn:
            if answer and (earlier := self.answered(user_id, answer.key, answer.answered_at)):
                return earlier.repeated_for(answer.fingerprint)
            if len(self._of(user_id)) + len(added) > self._per_user:
                raise TooManyReminders
            self._reminders.update({reminder.id: reminder for reminder in added})
            self.events += [events.created(reminder) for reminder in added]
            if answer:
                self._answers[user_id, answer.key] = answer
        return None

    def answered(self, user_id: str, key: str, now: datetime) -> KeyedAnswer | None:
        answer = self._answers.get((user_id, key))
        return answer if answer and answer.answered_at > now - KEPT else None

    def find(self, user_id: str, id: UUID) -> Reminder:
        reminder = self._reminders.get(id)
        if reminder is None:
            raise MissingReminder
        if reminder.user_id != user_id:
            raise PermissionDenied
        return reminder

    def page(
        self, user_id: str, limit: int, offset: int = 0, after: Place | None = None
    ) -> tuple[list[Reminder], int]:
        mine = sorted(self._of(user_id), key=lambda reminder: (reminder.date, reminder.id))
        behind = [one for one in mine if after is None or (one.date, one.id) > after]
        return behind[offset : offset + limit], len(mine)

    def time_zones(self, user_id: str) -> list[str]:
        return sorted({each.time_zone for each in self._of(user_id) if not each.completed_at})

    def latest_time_zone(self, user_id: str) -> str | None:
        mine = sorted(self._of(user_id), key=lambda one: (one.created_at, one.id))
        return mine[-1].time_zone if mine else None

    def open_after(self, user_id: str, last: Reminder | None, limit: int) -> list[Reminder]:
        mine, _ = self.page(user_id, self._per_user, 0)
        place = (last.date, last.id) if last else None
        later = [each for each in mine if place is None or (each.date, each.id) > place]
        return [each for each in later if not each.completed_at][:limit]

    def change(
        self,
        user_id: str,
        id: UUID,
        make: Callable[[Reminder], Reminder],
        change: OccurrenceChange | None = None,
    ) -> Reminder:
        with self._turn:
            current = self.find(user_id, id)
            changed = make(current)
            if changed != current:
                self._reminders[id] = changed
                self.events += events.of_change(current, changed, change)
        return changed

    def remove(self, user_id: str, id: UUID, check: Callable[[Reminder], None]) -> None:
        with self._turn:
            reminder = self.find(user_id, id)
            check(reminder)
            del self._reminders[id]
            self.events.append(events.deleted(reminder))

    def forget_answers(self, now: datetime) -> int:
        with self._turn:
            old = [at for at, one in self._answers.items() if one.answered_at <= now - KEPT]
            for at in old:
                del self._answers[at]
        return len(old)

    def _of(self, user_id: str) -> list[Reminder]:
        return [one for one in self._reminders.values() if one.user_id == user_id]
