"""What a user does with an occurrence: acknowledge it, snooze it, or complete the reminder.

The occurrence in hand is the last that was announced, unless it was acknowledged; then it is
the next. Each of these answers a repeat with the reminder as it is.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from reminder_service.errors import InvalidSnooze, ReminderEnded
from reminder_service.reminders import Reminder

SHORTEST_SNOOZE = timedelta(minutes=1)
LONGEST_SNOOZE = timedelta(days=30)


def snoozed(reminder: Reminder, until: datetime, now: datetime) -> Reminder:
    """The occurrence in hand is announced at `until`; the series stays where it is."""
    if not SHORTEST_SNOOZE <= until - now <= LONGEST_SNOOZE:
        raise InvalidSnooze
    occurrence = occurrence_in_hand(reminder, now)
    if until <= occurrence - reminder.offset:
        raise InvalidSnooze("The occurrence is announced later than that; a snooze postpones it.")
    if (reminder.snoozed_occurrence, reminder.snoozed_until) == (occurrence, until):
        return reminder
    return _written(reminder, now, snoozed_occurrence=occurrence, snoozed_until=until)


def acknowledged(reminder: Reminder, now: datetime) -> Reminder:
    """What was announced or snoozed until now is done, and is not announced again."""
    through = max(_announced(reminder, now), reminder.snoozed_occurrence, key=_or_earliest)
    if through is None or (
        reminder.acknowledged_through and reminder.acknowledged_through >= through
    ):
        return reminder
    return _written(
        reminder,
        now,
        acknowledged_through=through,
        snoozed_occurrence=None,
        snoozed_until=None,
    )


def completed(reminder: Reminder, now: datetime) -> Reminder:
    """Nothing is announced any more, of a series too, until its schedule is changed."""
    if reminder.completed_at:
        return reminder
    return _written(reminder, now, completed_at=now, snoozed_occurrence=None, snoozed_until=None)


def occurrence_in_hand(reminder: Reminder, now: datetime) -> datetime:
    announced, done = _announced(reminder, now), reminder.acknowledged_through
    if announced and (done is None or announced > done) and not reminder.completed_at:
        return announced
    horizon = now + reminder.offset
    following = reminder.series.after(max(horizon, done or horizon))
    if following is None or reminder.completed_at:
        raise ReminderEnded
    return following


def _announced(reminder: Reminder, now: datetime) -> datetime | None:
    return reminder.series.until(now + reminder.offset)


def _or_earliest(moment: datetime | None) -> float:
    return moment.timestamp() if moment else float("-inf")


def _written(reminder: Reminder, now: datetime, **fields: datetime | None) -> Reminder:
    return replace(
        reminder,
        version=reminder.version + 1,
        updated_at=max(now, reminder.updated_at),
        **fields,  # type: ignore[arg-type]
    )
