"""When a notification is announced, and which news of it counts."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from event_messages.contract import PendingNotification, Reminder
from service_runtime.recurrence import Series

from event_service.errors import ForeignNotification
from event_service.notification import Notification

DAILY = "FREQ=DAILY"


def of_reminder(reminder: Reminder, written_at: datetime) -> Notification:
    """The notification of a reminder that was written at `written_at`.

    Of a completed one no series is left, so that it begins anew when it is opened again, and
    what was announced is handled.
    """
    rule = (reminder.rule or DAILY) if reminder.is_recurring and not reminder.completed else None
    except_dates = tuple(sorted(reminder.except_dates)) if rule else ()
    offset = timedelta(minutes=reminder.notify_offset)
    series = Series(reminder.date, rule, reminder.time_zone, except_dates)
    handled = reminder.handled_through
    occurrence = series.first_due(offset, written_at, handled)
    if reminder.completed:
        occurrence, handled = None, max(handled or written_at, written_at + offset)
    return Notification(
        id=reminder.id,
        version=reminder.version,
        user_id=reminder.user_id,
        state="pending" if occurrence else "ended",
        reminder_id=reminder.id,
        email=reminder.email,
        channel=reminder.notify_type,
        message=reminder.message,
        url=reminder.url,
        urgent=reminder.urgent,
        occurrence=occurrence,
        deliver_at=occurrence and occurrence - offset,
        date=reminder.date,
        rule=rule,
        time_zone=reminder.time_zone,
        except_dates=except_dates,
        notify_offset=reminder.notify_offset,
        handled_through=handled,
    )


def of_command(command: PendingNotification) -> Notification:
    """The notification that a producer asked for."""
    return Notification(state="pending", **command.model_dump())


def successor(stored: Notification | None, wanted: Notification) -> Notification | None:
    """What takes the place of `stored`; None when that is as new as `wanted` or newer.

    An update that leaves the schedule alone leaves the place in it alone too: what was
    announced already stays so, and what is overdue is still announced, unless it was handled.
    """
    if stored is None:
        return wanted
    _check_owner(stored, wanted.user_id)
    if stored.version >= wanted.version:
        return None
    if stored.state == "deleted" or stored.schedule != wanted.schedule or _handled(stored, wanted):
        return wanted
    return replace(
        wanted,
        state=stored.state,
        occurrence=stored.occurrence,
        deliver_at=stored.deliver_at,
    )


def tombstone(
    stored: Notification | None, id: UUID, version: int, user_id: str
) -> Notification | None:
    """What remains of a deleted notification; None when newer news of it is stored."""
    if stored is None:
        return Notification(id=id, version=version, user_id=user_id, state="deleted")
    _check_owner(stored, user_id)
    if stored.version >= version:
        return None
    return emptied(stored, version)


def emptied(stored: Notification, version: int) -> Notification:
    """The tombstone without what the user wrote."""
    return Notification(
        id=stored.id,
        version=version,
        user_id=stored.user_id,
        state="deleted",
        reminder_id=stored.reminder_id,
    )


def _handled(stored: Notification, wanted: Notification) -> bool:
    """Whether the user was quicker than the announcement of what waits."""
    through, waiting = wanted.handled_through, stored.occurrence
    return bool(stored.state == "pending" and waiting and through and waiting <= through)


def _check_owner(stored: Notification, user_id: str) -> None:
    if stored.user_id != user_id:
        raise ForeignNotification(f"notification {stored.id} belongs to another user")
