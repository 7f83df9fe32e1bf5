"""Defines the rules for the creation and change of reminders."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from event_messages.content import Content
from service_runtime.identity import Caller
from service_runtime.recurrence import (
    Series,
    check_rule,
    shortest_gap,
    wall_clock,
    zone_of,
)
from service_runtime.recurrence_rule import InvalidRule, rule_of

from reminder_service.errors import InvalidDueDate, InvalidRecurrence, MissingEmailAddress

SHORTEST_NOTICE = timedelta(minutes=1)
SHORTEST_EMAIL_GAP = timedelta(minutes=5)  # between two occurrences
DAILY = "FREQ=DAILY"
SCHEDULE = {"date", "is_recurring", "rule", "time_zone", "except_dates", "notify_offset"}


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """Describes a reminder; it is announced `notify_offset` minutes before `date`."""

    id: UUID
    user_id: str
    content: Content
    date: datetime
    is_recurring: bool = False
    rule: str | None = None
    time_zone: str = "UTC"
    except_dates: tuple[datetime, ...] = ()
    notify_offset: int = 0  # minutes
    version: int = 1
    scheduled_from: datetime | None = None  # last change of the schedule
    last_occurrence: datetime | None = None  # of a rule with COUNT
    announced_through: datetime | None = None  # by earlier schedules
    local_date: datetime | None = None  # in the time zone of the reminder, like the next fields
    local_except_dates: tuple[datetime, ...] = ()
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
        return Series(self.date, self.rule, self.time_zone, self.except_dates, self.last_occurrence)

    @property
    def schedule(self) -> tuple[Series, timedelta]:
        return self.series, self.offset

    @property
    def handled_through(self) -> datetime | None:
        """Return the last occurrence that the user handled; the series announces later ones."""
        return _latest(self.acknowledged_through, self.snoozed_occurrence)

    def next_date(self, now: datetime) -> datetime | None:
        """Return the next occurrence that the series announces, or None."""
        if self.completed_at:
            return None
        announced = now + self.offset
        return self.series.after(max(announced, self.handled_through or announced))

    def next_dates(self, now: datetime, count: int) -> list[datetime]:
        """Return up to `count` next occurrences that the series announces."""
        if (first := self.next_date(now)) is None:
            return []
        return [first, *islice(self.series.all_after(first), count - 1)]

    def snoozed(self, now: datetime) -> datetime | None:
        """Return the end of the snooze if it is in the future."""
        return self.snoozed_until if self.snoozed_until and self.snoozed_until > now else None


def new_reminder(id: UUID, named: Mapping[str, Any], caller: Caller, now: datetime) -> Reminder:
    """Return the reminder of a request; raise a Problem if a rule forbids it."""
    reminder = Reminder(
        id=id,
        user_id=caller.user_id,
        content=Content(email=caller.email, **_content(named)),
        created_at=now,
        updated_at=now,
        **{**_schedule_of(named), **_recurrence(named, recurring=False, rule=None)},
    )
    _check_email(reminder, caller)
    return _schedule(reminder, now)


def changed_reminder(
    current: Reminder, named: Mapping[str, Any], caller: Caller, now: datetime
) -> Reminder:
    """Return the reminder with the named fields changed and the next version."""
    recurrence = _recurrence(named, recurring=current.is_recurring, rule=current.rule)
    email = {"email": caller.email} if caller.email else {}
    changed = replace(
        current,
        **{**_schedule_of(named), **recurrence},
        content=current.content.model_copy(update=_content(named) | email),
        version=current.version + 1,
        updated_at=max(now, current.updated_at),
    )
    _check_email(changed, caller)
    reopened = current.completed_at and named.keys() & SCHEDULE
    if not reopened and changed.schedule == current.schedule:
        return changed
    return _announce_again(current, _schedule(changed, now))


def _content(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if name in Content.model_fields}


def _schedule_of(named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in named.items() if name not in Content.model_fields}


def _announce_again(before: Reminder, after: Reminder) -> Reminder:
    """Mark occurrences that an earlier schedule may have announced as snoozes.

    As occurrences of the series they would count as repeats and not be delivered.
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


def _schedule(reminder: Reminder, now: datetime) -> Reminder:
    """Return the reminder at the start of its schedule; past occurrences of a series are over."""
    reminder = replace(reminder, scheduled_from=reminder.updated_at, last_occurrence=None)
    if reminder.is_recurring:
        _check_series(reminder, now)
        reminder = replace(reminder, last_occurrence=reminder.series.counted_end())
    else:
        reminder = _with_alarm_ahead(reminder, now)
    begun = reminder.date <= now + reminder.offset
    return replace(
        with_wall_clock(reminder),
        acknowledged_through=now + reminder.offset if begun else None,
        snoozed_occurrence=None,
        snoozed_until=None,
        completed_at=None,
    )


def with_wall_clock(reminder: Reminder) -> Reminder:
    """Return the reminder with its times as local times of its zone."""
    zone = zone_of(reminder.time_zone)
    return replace(
        reminder,
        local_date=wall_clock(reminder.date, zone),
        local_except_dates=tuple(wall_clock(one, zone) for one in reminder.except_dates),
    )


def _recurrence(named: Mapping[str, Any], *, recurring: bool, rule: str | None) -> dict[str, Any]:
    """Return the rule: a recurring reminder without a rule recurs daily."""
    if named.get("rule"):
        if named.get("is_recurring") is False:
            raise InvalidRecurrence(
                "isRecurring is false, but the body has a rule; remove one of them."
            )
        return {"is_recurring": True, "rule": named["rule"]}
    if named.get("is_recurring", recurring):
        kept = None if "rule" in named else rule
        return {"is_recurring": True, "rule": kept or DAILY}
    if named.get("except_dates"):
        raise InvalidRecurrence("Expected exceptDates only for a recurring reminder; remove them.")
    return {"is_recurring": False, "rule": None, "except_dates": ()}


def _check_email(reminder: Reminder, caller: Caller) -> None:
    if reminder.content.channel != "email":
        return
    if reminder.content.email is None:
        raise MissingEmailAddress(caller.email_problem)
    _check_email_pace(reminder)


def _check_email_pace(reminder: Reminder) -> None:
    """Reject a rule that sends e-mails more often than `SHORTEST_EMAIL_GAP`."""
    try:
        rule = rule_of(reminder.rule) if reminder.rule else None
        if rule is None or not (rule.frequency == "MINUTELY" or len(rule.minutes) > 1):
            return
        gap = shortest_gap(replace(reminder.series, last=None))
    except InvalidRule as error:
        raise InvalidRecurrence(str(error)) from None
    if gap is not None and gap < SHORTEST_EMAIL_GAP:
        raise InvalidRecurrence(
            f"An e-mail reminder may repeat every {_minutes(SHORTEST_EMAIL_GAP)} minutes at most; "
            f"{reminder.rule} repeats after {_minutes(gap)}. Use a longer INTERVAL, or push."
        )


def _minutes(time: timedelta) -> int:
    return round(time / timedelta(minutes=1))


def _with_alarm_ahead(reminder: Reminder, now: datetime) -> Reminder:
    """Return the reminder, without its offset if that alarm is past; reject a past date."""
    earliest = now + SHORTEST_NOTICE
    if reminder.date <= earliest:
        expected, found = (
            moment.astimezone(UTC).isoformat(timespec="seconds")
            for moment in (earliest, reminder.date)
        )
        raise InvalidDueDate(f"Expected a date later than {expected}, a minute ahead; got {found}.")
    is_past = reminder.date - reminder.offset <= earliest
    return replace(reminder, notify_offset=0) if is_past else reminder


def _check_series(reminder: Reminder, now: datetime) -> None:
    try:
        check_rule(reminder.series)
    except InvalidRule as error:
        raise InvalidRecurrence(str(error)) from None
    if reminder.series.after(now + SHORTEST_NOTICE + reminder.offset) is None:
        raise InvalidDueDate("Expected an occurrence that is due more than a minute ahead.")
