"""Decides when a notification is announced, and which version wins."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from event_messages.content import Content
from event_messages.contract import PendingNotification, Reminder
from service_runtime.recurrence import Series, find_new_instant, zone_of
from service_runtime.recurrence_rule import rule_of

from event_service.errors import ForeignNotification
from event_service.notification import Notification

DAILY = "FREQ=DAILY"


def of_reminder(reminder: Reminder, written_at: datetime) -> Notification:
    """Return the notification of a reminder that was written at `written_at`.

    A series starts at the last change of its schedule. So an edit that arrives before the creation
    has the same start. A completed reminder has no series, and its announced occurrences count as
    handled.
    """
    rule = (reminder.rule or DAILY) if reminder.is_recurring and not reminder.completed else None
    except_dates = tuple(sorted(reminder.except_dates)) if rule else ()
    offset = timedelta(minutes=reminder.notify_offset)
    last = reminder.last_occurrence if rule else None
    series = Series(reminder.date, rule, reminder.time_zone, except_dates, last)
    handled = reminder.handled_through
    occurrence = series.first_due(offset, reminder.scheduled_from or written_at, handled)
    if reminder.completed:
        occurrence, handled = None, max(handled or written_at, written_at + offset)
    return Notification(
        id=reminder.id,
        version=reminder.version,
        user_id=reminder.user_id,
        state="pending" if occurrence else "ended",
        reminder_id=reminder.id,
        content=reminder.content,
        occurrence=occurrence,
        deliver_at=occurrence and occurrence - offset,
        date=reminder.date,
        rule=rule,
        time_zone=reminder.time_zone,
        except_dates=except_dates,
        notify_offset=reminder.notify_offset,
        handled_through=handled,
        explicit_time=not rule or rule_of(rule).frequency not in {"HOURLY", "MINUTELY"},
        last_occurrence=last,
    )


def of_command(command: PendingNotification) -> Notification:
    """Return the notification that a producer requested."""
    schedule = command.model_dump(exclude=set(Content.model_fields))
    return Notification(state="pending", content=command.content, **schedule)


def replacement(stored: Notification | None, wanted: Notification) -> Notification | None:
    """Return the notification that replaces `stored`, or None if `stored` is equal or newer.

    If the schedule is unchanged, the position in it stays: announced occurrences stay announced,
    and an overdue occurrence is still announced unless the user handled it.
    """
    if stored is None:
        return wanted
    _check_owner(stored, wanted.user_id)
    if stored.version >= wanted.version:
        return None
    moved = stored.schedule != wanted.schedule or _is_handled(stored, wanted)
    if moved or stored.state in {"deleted", "refused"}:
        return wanted
    return replace(
        wanted,
        state=stored.state,
        occurrence=stored.occurrence,
        deliver_at=stored.deliver_at,
    )


def moved_occurrence(
    occurrence: datetime | None, local: datetime, time_zone: str | None
) -> datetime | None:
    """Return the new moment of a local time, or None if the occurrence is already there."""
    if occurrence is None:
        return None
    return find_new_instant(occurrence, local, zone_of(time_zone or "UTC"))


def tombstone(
    stored: Notification | None, id: UUID, version: int, user_id: str
) -> Notification | None:
    """Return the tombstone of a deleted notification, or None if a newer version is stored."""
    if stored is None:
        return Notification(id=id, version=version, user_id=user_id, state="deleted")
    _check_owner(stored, user_id)
    if stored.version >= version:
        return None
    return remove_content(stored, version)


def remove_content(stored: Notification, version: int) -> Notification:
    """Return the notification as a tombstone without user data."""
    return Notification(
        id=stored.id,
        version=version,
        user_id=stored.user_id,
        state="deleted",
        reminder_id=stored.reminder_id,
    )


def _is_handled(stored: Notification, wanted: Notification) -> bool:
    """Return True if the user handled the pending occurrence before its announcement."""
    through, waiting = wanted.handled_through, stored.occurrence
    return bool(stored.state == "pending" and waiting and through and waiting <= through)


def _check_owner(stored: Notification, user_id: str) -> None:
    if stored.user_id != user_id:
        raise ForeignNotification(f"notification {stored.id} belongs to another user")
