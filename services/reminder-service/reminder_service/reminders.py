"""The rules of reminders: what may be created and what a change makes of one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from service_runtime.identity import Caller
from service_runtime.recurrence import InvalidRule, Series, check_rule

from reminder_service.errors import InvalidDueDate, InvalidRecurrence, MissingEmailAddress

SHORTEST_NOTICE = timedelta(minutes=1)
DAILY = "FREQ=DAILY"
SCHEDULE = {"date", "is_recurring", "rule", "time_zone", "except_dates", "notify_offset"}


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """`date` is what the reminder is about; it is announced `notify_offset` minutes earlier."""

    id: UUID
    user_id: str
    email: str | None
    date: datetime
    is_recurring: bool = False
    rule: str | None = None
    time_zone: str = "UTC"
    except_dates: tuple[datetime, ...] = ()
    notify_offset: int = 0  # minutes
    notify_type: Literal["push", "email"] = "push"
    message: str
    url: str | None = None
    urgent: bool = False
    version: int = 1
    announced_through: datetime | None = None  # by its earlier schedules; all later is news
    acknowledged_through: datetime | None = None
    snoozed_occurrence: datetime | None = None
    snoozed_until: datetime | None = None
    completed_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def offset(self) -> timedelta:
        return timedelta(minutes=self.notify_offset)

    @property
    def series(self) -> Series:
        return Series(self.date, self.rule, self.time_zone, self.except_dates)

    @property
    def schedule(self) -> tuple[Series, timedelta]:
        return self.series, self.offset

    @property
    def handled_through(self) -> datetime | None:
        """The series announces only what is later."""
        return _latest(self.acknowledged_through, self.snoozed_occurrence)

    def next_date(self, now: datetime) -> datetime | None:
        """The occurrence that the series announces next."""
        if self.completed_at:
            return None
        announced = now + self.offset
        return self.series.after(max(announced, self.handled_through or announced))

    def snoozed(self, now: datetime) -> datetime | None:
        """When the snoozed occurrence is announced, if that lies ahead."""
        return self.snoozed_until if self.snoozed_until and self.snoozed_until > now else None


def new_reminder(id: UUID, named: Mapping[str, Any], caller: Caller, now: datetime) -> Reminder:
    """A reminder of what the request names, or the reason why there can be none."""
    reminder = Reminder(
        id=id,
        user_id=caller.user_id,
        email=caller.email,
        created_at=now,
        updated_at=now,
        **{**named, **_recurrence(named, recurring=False, rule=None)},
    )
    _check_email(reminder)
    return _scheduled(reminder, now)


def changed_reminder(
    current: Reminder, named: Mapping[str, Any], caller: Caller, now: datetime
) -> Reminder:
    """The reminder with what is named changed and all else as it was, one version later."""
    recurrence = _recurrence(named, recurring=current.is_recurring, rule=current.rule)
    changed = replace(
        current,
        **{**named, **recurrence},
        email=caller.email or current.email,
        version=current.version + 1,
        updated_at=max(now, current.updated_at),
    )
    _check_email(changed)
    reopened = current.completed_at and named.keys() & SCHEDULE
    if not reopened and changed.schedule == current.schedule:
        return changed
    return _announced_again(current, _scheduled(changed, now))


def _announced_again(before: Reminder, after: Reminder) -> Reminder:
    """What may have been announced by an earlier schedule is announced as a snooze is.

    As the series' own it would be taken for a repeat, and not be delivered.
    """
    moment = after.updated_at
    by_schedule = before.series.until(moment + before.offset)
    announced = _latest(before.announced_through, before.snoozed_occurrence, by_schedule)
    after = replace(after, announced_through=announced)
    following = after.next_date(moment)
    if following is None or announced is None or following > announced:
        return after
    return replace(after, snoozed_occurrence=following, snoozed_until=following - after.offset)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((one for one in moments if one), default=None)


def _scheduled(reminder: Reminder, now: datetime) -> Reminder:
    """The reminder at the begin of its schedule; of a series, what is past is over."""
    if reminder.is_recurring:
        _check_series(reminder, now)
    else:
        _check_notice(reminder, now)
    begun = reminder.date <= now + reminder.offset
    return replace(
        reminder,
        acknowledged_through=now + reminder.offset if begun else None,
        snoozed_occurrence=None,
        snoozed_until=None,
        completed_at=None,
    )


def _recurrence(named: Mapping[str, Any], *, recurring: bool, rule: str | None) -> dict[str, Any]:
    """A rule makes a reminder recur; one that recurs without a rule does so daily."""
    if named.get("rule"):
        if named.get("is_recurring") is False:
            raise InvalidRecurrence("A rule was named with isRecurring false; remove one of them.")
        return {"is_recurring": True, "rule": named["rule"]}
    if named.get("is_recurring", recurring):
        kept = None if "rule" in named else rule
        return {"is_recurring": True, "rule": kept or DAILY}
    if named.get("except_dates"):
        raise InvalidRecurrence("exceptDates were named for a reminder that does not recur.")
    return {"is_recurring": False, "rule": None, "except_dates": ()}


def _check_email(reminder: Reminder) -> None:
    if reminder.notify_type == "email" and reminder.email is None:
        raise MissingEmailAddress


def _check_notice(reminder: Reminder, now: datetime) -> None:
    due = reminder.date - reminder.offset
    if due <= now + SHORTEST_NOTICE:
        earliest = (now + SHORTEST_NOTICE).astimezone(UTC).isoformat(timespec="seconds")
        raise InvalidDueDate(
            "The date less notifyOffset must be more than one minute ahead: "
            f"later than {earliest}, came {due.astimezone(UTC).isoformat(timespec='seconds')}."
        )


def _check_series(reminder: Reminder, now: datetime) -> None:
    try:
        check_rule(reminder.series)
    except InvalidRule as error:
        raise InvalidRecurrence(str(error)) from None
    if reminder.series.after(now + SHORTEST_NOTICE + reminder.offset) is None:
        raise InvalidDueDate("The series has no occurrence that is due more than a minute ahead.")
