"""Applies actions of users: acknowledge an occurrence, snooze it, or complete the reminder.

The current occurrence is the last announced one, or the next one if that was acknowledged. A
repeated action returns the reminder unchanged.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID, uuid5

from event_messages.identifiers import occurrence_id

from reminder_service.errors import InvalidSnooze, ReminderEnded, UnknownOccurrence
from reminder_service.reminders import Reminder

SHORTEST_SNOOZE = timedelta(minutes=1)
LONGEST_SNOOZE = timedelta(days=30)
LONGEST_SEARCH = timedelta(days=30)  # for the occurrence of an id
MOST_SEARCHED = 2_000


def snooze_reminder(reminder: Reminder, until: datetime, now: datetime) -> Reminder:
    """Return the reminder whose current occurrence is announced at `until`; the series stays."""
    if not SHORTEST_SNOOZE <= until - now <= LONGEST_SNOOZE:
        raise InvalidSnooze
    occurrence = current_occurrence(reminder, now)
    if until <= occurrence - reminder.offset:
        raise InvalidSnooze("Expected a time after the announcement of the occurrence.")
    if (reminder.snoozed_occurrence, reminder.snoozed_until) == (occurrence, until):
        return reminder
    return _write(reminder, now, snoozed_occurrence=occurrence, snoozed_until=until)


def acknowledge_reminder(
    reminder: Reminder, now: datetime, named: datetime | UUID | None = None
) -> Reminder:
    """Return the reminder whose occurrences through the named one are acknowledged.

    By default, these are all due occurrences and the snoozed one.
    """
    through = (
        _named_occurrence(reminder, named, now)
        if named
        else max(_last_announced(reminder, now), reminder.snoozed_occurrence, key=_or_earliest)
    )
    done = reminder.acknowledged_through
    if through is None or (done and done >= through):
        return reminder
    if reminder.snoozed_occurrence and reminder.snoozed_occurrence > through:
        return _write(reminder, now, acknowledged_through=through)
    return _write(
        reminder,
        now,
        acknowledged_through=through,
        snoozed_occurrence=None,
        snoozed_until=None,
    )


def complete_reminder(reminder: Reminder, now: datetime) -> Reminder:
    """Return the completed reminder; a change of its schedule opens it again."""
    if reminder.completed_at:
        return reminder
    return _write(reminder, now, completed_at=now, snoozed_occurrence=None, snoozed_until=None)


def current_occurrence(reminder: Reminder, now: datetime) -> datetime:
    announced, done = _last_announced(reminder, now), reminder.acknowledged_through
    if announced and (done is None or announced > done) and not reminder.completed_at:
        return announced
    horizon = now + reminder.offset
    following = reminder.series.after(max(horizon, done or horizon))
    if following is None or reminder.completed_at:
        raise ReminderEnded
    return following


def _named_occurrence(reminder: Reminder, named: datetime | UUID, now: datetime) -> datetime:
    """Return the date of a due occurrence; raise UnknownOccurrence if it is not due."""
    if isinstance(named, UUID):
        return _occurrence_of_id(reminder, named, now)
    if named == reminder.snoozed_occurrence:
        return named
    if named > now + reminder.offset or reminder.series.until(named) != named:
        raise UnknownOccurrence
    return named


def _occurrence_of_id(reminder: Reminder, id: UUID, now: datetime) -> datetime:
    """Search the id among the snoozed occurrence and the latest ones; raise UnknownOccurrence."""
    snoozed, notification = reminder.snoozed_occurrence, snooze_id(reminder)
    if snoozed and notification and occurrence_id(notification, snoozed) == id:
        return snoozed
    horizon = now + reminder.offset
    since = horizon - LONGEST_SEARCH
    for one in islice(reminder.series.all_after(since), MOST_SEARCHED):
        if one > horizon:
            break
        if occurrence_id(reminder.id, one) == id:
            return one
    raise UnknownOccurrence


def snooze_id(reminder: Reminder) -> UUID | None:
    """Return the id of the notification that announces the snoozed occurrence.

    The id depends on the end of the snooze, so that a second snooze is delivered again.
    """
    if reminder.snoozed_occurrence is None or reminder.snoozed_until is None:
        return None
    moments = (reminder.snoozed_occurrence, reminder.snoozed_until)
    return uuid5(reminder.id, "/".join(moment.astimezone(UTC).isoformat() for moment in moments))


def _last_announced(reminder: Reminder, now: datetime) -> datetime | None:
    return reminder.series.until(now + reminder.offset)


def _or_earliest(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("-inf")


def _write(reminder: Reminder, now: datetime, **fields: datetime | None) -> Reminder:
    return replace(
        reminder,
        version=reminder.version + 1,
        updated_at=max(now, reminder.updated_at),
        **fields,  # type: ignore[arg-type]
    )
