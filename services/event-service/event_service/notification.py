"""A notification as its table keeps it, and what is told of its changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from event_messages.contract import Channel, Deferral, NotificationDeleted, PendingNotification
from event_messages.event import Event

State = Literal["pending", "ended", "deleted"]


@dataclass(frozen=True, kw_only=True)
class Notification:
    """`date` to `notify_offset` are the schedule of the reminder that it announces.

    `occurrence` and `deliver_at` are those of the next announcement, or of the last one when
    the notification has ended. A deleted one stays as a tombstone, so that older news of it is
    recognised. One that was deferred goes on under a new id, which names the first it comes from.
    """

    id: UUID
    version: int
    user_id: str
    state: State
    reminder_id: UUID | None = None
    email: str | None = None
    channel: Channel = "push"
    message: str = ""
    url: str | None = None
    urgent: bool = False
    occurrence: datetime | None = None
    deliver_at: datetime | None = None
    date: datetime | None = None
    rule: str | None = None
    time_zone: str = "UTC"
    except_dates: tuple[datetime, ...] = ()
    notify_offset: int = 0  # minutes
    handled_through: datetime | None = None
    reason: Deferral | None = None
    deferred_from: UUID | None = None

    @property
    def schedule(self) -> tuple[object, ...]:
        """What decides when it is announced; two that agree in it need no new start."""
        series = self.date, self.rule, self.time_zone, self.except_dates, self.notify_offset
        return series if self.rule else (*series, self.occurrence, self.deliver_at)


def announcement(before: Notification | None, after: Notification) -> Event | None:
    """The event that tells of a change, if there is anything to tell.

    Deleted means that nothing waits any more, so the end of a series is told as that too.
    """
    waited = before is not None and before.state == "pending"
    if after.state == "pending":
        existed = before is not None and before.state != "deleted"
        type = "notification:updated" if existed else "notification:created"
        names = PendingNotification.model_fields
        data = PendingNotification(**{name: getattr(after, name) for name in names})
        return Event.new(type, after.user_id, data)
    if waited:
        gone = NotificationDeleted(
            id=after.id, version=after.version, reminder_id=after.reminder_id
        )
        return Event.new("notification:deleted", after.user_id, gone)
    return None
