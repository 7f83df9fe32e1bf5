"""The rules of reminders: what may be created and what a change makes of one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from service_runtime.recurrence import InvalidRule, Series, check_rule

from reminder_service.errors import InvalidDueDate, InvalidRecurrence, MissingEmailAddress

SHORTEST_NOTICE = timedelta(minutes=1)
DAILY = "FREQ=DAILY"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls, as the gateway says."""

    user_id: str
    email: str | None = None


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
    created_at: datetime
    updated_at: datetime

    @property
    def offset(self) -> timedelta:
        return timedelta(minutes=self.notify_offset)

    @property
    def series(self) -> Series:
        return Series(self.date, self.rule, self.time_zone, self.except_dates)


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
    _check_notice(reminder, now)
    _check_series(reminder, now)
    return reminder


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
    if changed.series != current.series or changed.offset != current.offset:
        if changed.date != current.date or not changed.is_recurring:
            _check_notice(changed, now)
        _check_series(changed, now)
    return changed


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
    if not reminder.is_recurring:
        return
    try:
        check_rule(reminder.series)
    except InvalidRule as error:
        raise InvalidRecurrence(str(error)) from None
    if reminder.series.after(now + SHORTEST_NOTICE + reminder.offset) is None:
        raise InvalidDueDate("The series has no occurrence that is due more than a minute ahead.")
