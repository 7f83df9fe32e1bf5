"""Represents due notifications and their next occurrences."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from service_runtime.recurrence import Series

MOST_COUNTED = 1_000  # missed occurrences of one series

logger = logging.getLogger(__name__)


class Due(NamedTuple):
    """Contains a claimed notification, in the order of the columns of the claim."""

    id: UUID
    version: int
    lease_until: datetime
    late: float  # seconds from the due time to the claim, on the database clock
    user_id: str
    reminder_id: UUID | None
    content: str  # JSON, with the members of the event
    occurrence: datetime
    deliver_at: datetime
    date: datetime | None
    rule: str | None
    time_zone: str | None
    except_dates: list[datetime]
    notify_offset: int  # minutes
    explicit_time: bool
    missed: int  # earlier occurrences of the series
    last_occurrence: datetime | None
    traceparent: str | None
    counted: bool  # True if an earlier claim counted it in the budget
    resumes: datetime | None = None  # start of the next budget; None within the budget
    needs_notice: bool = False  # True if the user gets a notice about the budget


class Settlement(NamedTuple):
    """Pairs a published notification with its next occurrence, or None."""

    due: Due
    occurrence: datetime | None = None
    deliver_at: datetime | None = None


class Refused(NamedTuple):
    """Reports a notification that the topic calls invalid; `final` if no retry can help."""

    due: Due
    reason: str
    final: bool = False


class NextDue(NamedTuple):
    moment: float  # seconds since 1970, on the database clock
    wait: float  # seconds from now


def series_of(due: Due) -> Series:
    start, zone = due.date or due.occurrence, due.time_zone or "UTC"
    return Series(start, due.rule, zone, tuple(due.except_dates), due.last_occurrence)


def settlement_of(due: Due, *, collapse_missed: bool = True) -> Settlement:
    """Return the occurrence to announce for a claim, and the one that follows it.

    After an outage, the last due occurrence of a series is announced. Earlier ones count as missed.
    """
    if due.rule is None:
        return Settlement(due)
    series = series_of(due)
    offset = timedelta(minutes=due.notify_offset)
    try:
        following = series.after(due.occurrence)
        if collapse_missed:
            due, following = _catch_up(due, series, following, offset)
    except Exception:  # an error in one series must not stop the claim
        logger.exception("could not continue a series", extra={"notification": str(due.id)})
        return Settlement(due)
    return Settlement(due, following, following - offset) if following else Settlement(due)


def _catch_up(
    due: Due, series: Series, following: datetime | None, offset: timedelta
) -> tuple[Due, datetime | None]:
    horizon = due.deliver_at + timedelta(seconds=due.late) + offset
    latest, missed = due.occurrence, 0
    while following and following <= horizon:
        latest, missed = following, missed + 1
        if missed == MOST_COUNTED:
            latest = series.until(horizon) or latest
        following = series.after(latest)
    if missed == 0:
        return due, following
    missed += due.missed
    return due._replace(occurrence=latest, deliver_at=latest - offset, missed=missed), following
