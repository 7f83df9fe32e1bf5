"""Represents a stored notification and its change events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from event_messages.content import Content
from event_messages.contract import Deferral, NotificationDeleted, PendingNotification
from event_messages.event import Event

NO_CONTENT = Content(message="")
State = Literal["pending", "ended", "deleted", "refused"]


@dataclass(frozen=True, kw_only=True)
class Notification:
    """Describes a notification; `date` to `notify_offset` are the schedule of its reminder.

    `occurrence` and `deliver_at` belong to the next announcement, or to the last one if the
    notification has ended. Deleted notifications stay as tombstones, so that older events are
    recognized. A rejected notification waits for a newer version. A deferred notification has a new
    id, and `deferred_from` names the first one.
    """

    id: UUID
    version: int
    user_id: str
    state: State
    reminder_id: UUID | None = None
    content: Content = NO_CONTENT
    occurrence: datetime | None = None
    deliver_at: datetime | None = None
    date: datetime | None = None
    rule: str | None = None
    time_zone: str | None = None
    except_dates: tuple[datetime, ...] = ()
    notify_offset: int = 0  # minutes
    handled_through: datetime | None = None
    explicit_time: bool = False
    missed: int = 0  # earlier occurrences of a series
    last_occurrence: datetime | None = None  # of a rule with COUNT
    reason: Deferral | None = None
    deferred_from: UUID | None = None

    @property
    def schedule(self) -> tuple[object, ...]:
        """Return the fields that decide the time of the announcement."""
        series = self.date, self.rule, self.time_zone, self.except_dates, self.notify_offset
        return series if self.rule else (*series, self.occurrence, self.deliver_at)


def announcement(before: Notification | None, after: Notification) -> Event | None:
    """Return the event that reports a change, or None.

    The event `notification:deleted` also reports the end of a series.
    """
    waited = before is not None and before.state == "pending"
    if after.state == "pending":
        existed = before is not None and before.state != "deleted"
        type = "notification:updated" if existed else "notification:created"
        own = PendingNotification.model_fields.keys() - Content.model_fields
        values = {name: getattr(after, name) for name in own}
        data = PendingNotification(**dict(after.content), **values)
        return Event.new(type, after.user_id, data)
    if waited:
        gone = NotificationDeleted(
            id=after.id, version=after.version, reminder_id=after.reminder_id
        )
        return Event.new("notification:deleted", after.user_id, gone)
    return None
