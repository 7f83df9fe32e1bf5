"""The event store and the table of notifications in memory, for tests and demonstrations."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from event_messages.contract import PreferencesUpdated
from event_messages.event import Event
from event_service.deferral import follow_origin, is_withdrawn, with_content_of, with_first_origin
from event_service.event_store import item_of, preferences_item
from event_service.notification import Notification, announcement
from event_service.schedule import remove_content, replacement, tombstone


class InMemoryEventStore:
    """Behaves as DynamoEventStore does; `items` are what it would hold."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._items: dict[tuple[str, str], dict[str, Any]] = {}
        self.preferences: dict[str, dict[str, Any]] = {}

    @property
    def items(self) -> list[dict[str, Any]]:
        """Every item, by user and time."""
        with self._lock:
            return [self._items[key] for key in sorted(self._items)]

    def append(self, event: Event) -> None:
        item = item_of(event, self._clock())
        with self._lock:
            self._items.setdefault((item["userId"], item["id"]), item)

    def keep_preferences(self, preferences: PreferencesUpdated) -> None:
        item = preferences_item(preferences)
        with self._lock:
            kept = self.preferences.get(preferences.user_id)
            if kept is None or kept["version"] < item["version"]:
                self.preferences[preferences.user_id] = item


class InMemoryNotifications:
    """Behaves as PostgresNotifications does; `announced` is what its outbox would publish."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[UUID, Notification] = {}
        self.announced: list[Event] = []

    def get(self, id: UUID) -> Notification | None:
        return self._rows.get(id)

    def put(self, notification: Notification) -> None:
        with self._lock:
            if origin := notification.deferred_from:
                notification = with_first_origin(notification, self._rows.get(origin))
                root = self._rows.get(notification.deferred_from or origin)
                notification = with_content_of(root, notification)
            stored = self._rows.get(notification.id)
            changed = replacement(stored, notification)
            if changed and not self._orphaned(notification):
                self._save(stored, changed)
                self._lead(changed)

    def remove(self, id: UUID, version: int, user_id: str) -> None:
        with self._lock:
            stored = self._rows.get(id)
            if not (gone := tombstone(stored, id, version, user_id)):
                return
            self._save(stored, gone)
            for dependent in list(self._rows.values()):
                named = id in (dependent.reminder_id, dependent.deferred_from)
                if named and dependent.id != id and dependent.state != "deleted":
                    self._save(dependent, remove_content(dependent, dependent.version))

    def _lead(self, origin: Notification) -> None:
        for deferred in list(self._rows.values()):
            waits = deferred.deferred_from == origin.id and deferred.state == "pending"
            if waits and (changed := follow_origin(deferred, origin)):
                self._save(deferred, changed)

    def _orphaned(self, notification: Notification) -> bool:
        origin, reminder = notification.deferred_from, notification.reminder_id
        if origin and is_withdrawn(notification, self._rows.get(origin)):
            return True
        found = self._rows.get(reminder) if reminder and reminder != notification.id else None
        return found is not None and found.state == "deleted"

    def _save(self, before: Notification | None, after: Notification) -> None:
        self._rows[after.id] = after
        if told := announcement(before, after):
            self.announced.append(told)
