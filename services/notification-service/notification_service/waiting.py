"""Stores notifications that no provider has accepted, until their next attempt.

The message leaves its queue when its notification is stored, so an outage uses up no receives. At
most one notification of a series waits. A newer occurrence replaces older ones and reports how many
were missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Self
from uuid import UUID

from event_messages.backoff import full_jitter
from event_messages.contract import DueNotification, data_of
from event_messages.errors import MalformedEvent
from event_messages.event import Event

from notification_service.deliveries import NO_TARGET, Delivery, delivery_of

LEASE = timedelta(minutes=5)  # of an attempt; longer than the slowest delivery
FIRST_WAIT = 5.0  # seconds; the first of exponentially growing waits
LONGEST_WAIT = 900.0  # seconds
SHORTEST_WAIT = 1.0  # seconds

Collapse = Literal["series", "none"]


class NotNow(Exception):
    """Reports that the notification must wait for another attempt."""

    def __init__(
        self, reason: str, seconds: float = 0, *, failed: bool = True, expires: bool = True
    ) -> None:
        super().__init__(reason)
        self.seconds = seconds  # shortest wait
        self.failed = failed  # False if nothing was tried; then waits do not grow
        self.expires = expires  # False if the fault is ours; then the notification does not expire

    def wait(self, failures: int) -> float:
        """Return the seconds until the next attempt after so many failures."""
        backoff = full_jitter(failures, FIRST_WAIT, LONGEST_WAIT) if self.failed else 0
        return max(SHORTEST_WAIT, self.seconds, backoff)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Represents a notification that is claimed for one attempt."""

    event: Event
    attempt: int = 0  # number of the attempt; later attempts take the notification over
    failures: int = 0  # earlier failed attempts
    expired: bool = False  # True after the longest wait
    traceparent: str | None = None

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(
            event=Event.from_json(row.event),
            attempt=row.attempts,
            failures=row.failures,
            expired=row.expired,
            traceparent=row.traceparent,
        )


def due_of(event: Event) -> DueNotification:
    due = data_of(event)
    if not isinstance(due, DueNotification):
        raise MalformedEvent(f"expected a due notification in the data of {event.type}")
    return due


def whole_of(event: Event) -> Delivery:
    """Return the delivery that represents an occurrence without a target."""
    return delivery_of(due_of(event), event.user_id, NO_TARGET)


def replace_by_newest(newest: Event, missed: int) -> Event:
    """Return the event of the newest occurrence, with the number of missed ones."""
    total = due_of(newest).missed + missed
    return newest.model_copy(update={"data": {**newest.data, "missed": total}})


def newest_of(events: Sequence[Event]) -> Event:
    return max(events, key=lambda event: (due_of(event).occurrence, event.id))


def id_of(event: Event) -> UUID:
    return due_of(event).occurrence_id
