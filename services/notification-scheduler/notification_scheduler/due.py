"""A notification whose time has come, and what comes after it."""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from service_runtime.recurrence import InvalidRule, Series

logger = logging.getLogger(__name__)


class Due(NamedTuple):
    """A notification as it was claimed, in the order of the claim's columns."""

    id: UUID
    version: int
    lease_until: datetime
    late: float  # seconds between its time and the claim, by the database clock
    user_id: str
    reminder_id: UUID | None
    email: str | None
    channel: str
    message: str
    url: str | None
    urgent: bool
    occurrence: datetime
    deliver_at: datetime
    date: datetime | None
    rule: str | None
    time_zone: str
    except_dates: list[datetime]
    notify_offset: int  # minutes
    traceparent: str | None


class Settlement(NamedTuple):
    """A notification that was published and its next occurrence, None when there is none."""

    due: Due
    occurrence: datetime | None = None
    deliver_at: datetime | None = None


class NextDue(NamedTuple):
    moment: float  # seconds since 1970, by the database clock
    wait: float  # seconds from now


def settlement_of(due: Due) -> Settlement:
    """Every occurrence follows the one that was published: after an outage none is left out."""
    if due.rule is None:
        return Settlement(due)
    start = due.date or due.occurrence
    series = Series(start, due.rule, due.time_zone, tuple(due.except_dates))
    try:
        following = series.after(due.occurrence)
    except InvalidRule:
        logger.exception("the series cannot be continued", extra={"notification": str(due.id)})
        return Settlement(due)
    if following is None:
        return Settlement(due)
    return Settlement(due, following, following - timedelta(minutes=due.notify_offset))
