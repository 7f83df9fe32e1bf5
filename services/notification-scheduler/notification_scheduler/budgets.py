"""Limits the notifications of a user per day (UTC).

An occurrence counts when it is claimed for the first time, so retries are free. Occurrences over
the budget are rejected, and the user gets one notice per day.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import NAMESPACE_OID, uuid5

from event_messages.content import Content
from event_messages.contract import DeliveryOutcome
from event_messages.event import Event
from event_messages.identifiers import occurrence_id
from service_runtime.recurrence_rule import InvalidRule

from notification_scheduler.due import Due, Settlement, series_of

NOTIFICATIONS_PER_DAY = 2_000  # per user; a reminder every minute has 1,440
OVER_BUDGET = "OVER_BUDGET"
NO_TARGET = "none"  # target of an occurrence that is not sent

COUNT = """
insert into notification_budgets as budget (user_id, day, counted)
select user_id, (now() at time zone 'UTC')::date, counted
from unnest(%s::text[], %s::int[]) claimed (user_id, counted) order by user_id
on conflict (user_id) do update set
    day = excluded.day,
    counted = excluded.counted + case when budget.day = excluded.day then budget.counted else 0 end,
    is_noticed = budget.is_noticed and budget.day = excluded.day
returning user_id, day, counted, is_noticed
"""
NOTICE = "update notification_budgets set is_noticed = true where user_id = any(%s::text[])"
STORE = """
with stored as (
    insert into outbox (event_id, body, traceparent)
    select * from unnest(%s::uuid[], %s::text[], %s::text[]) returning position
)
select pg_notify('outbox', '') from stored
"""


class Standing(NamedTuple):
    """Describes the budget of a user after a claim."""

    counted: int
    is_noticed: bool
    resumes: datetime  # start of the next day


def counts_of(claimed: Iterable[Due]) -> Counter[str]:
    """Return by user how many occurrences of a claim are claimed for the first time."""
    return Counter(due.user_id for due in claimed if not due.counted)


def with_budgets(
    claimed: Sequence[Due], standings: Mapping[str, Standing], per_day: int
) -> list[Due]:
    """Mark the occurrences over the budget; the first of a day gets a notice."""
    counts = counts_of(claimed)
    places = {user: standings[user].counted - count for user, count in counts.items()}
    noticed = {user for user, one in standings.items() if one.is_noticed}
    marked = []
    for due in claimed:
        if not due.counted:
            places[due.user_id] += 1
            if places[due.user_id] > per_day:
                first = due.user_id not in noticed
                noticed.add(due.user_id)
                due = due._replace(resumes=standings[due.user_id].resumes, needs_notice=first)
        marked.append(due)
    return marked


def rejection_of(due: Due) -> Settlement:
    """Return the settlement of an occurrence over the budget: a series continues the next day."""
    assert due.resumes
    if due.rule is None:
        return Settlement(due)
    offset = timedelta(minutes=due.notify_offset)
    resumed = due.resumes + offset - timedelta(microseconds=1)
    try:
        following = series_of(due).after(max(due.occurrence, resumed))
    except InvalidRule:
        return Settlement(due)  # like a series that cannot be continued
    return Settlement(due, following, following - offset) if following else Settlement(due)


def notice_of(due: Due, per_day: int) -> Due:
    """Return the notice that replaces an occurrence; its id is one per user and day."""
    assert due.resumes
    content = content_of(due)
    notice = Content(
        channel=content.channel,
        message=f"You have reached the limit of {per_day:,} notifications a day. "
        "Herald sends no more until this time.",
        urgent=content.urgent,
        email=content.email,
    )
    return due._replace(
        id=uuid5(NAMESPACE_OID, f"{due.user_id}/{due.resumes.isoformat()}"),
        reminder_id=None,
        content=notice.model_dump_json(by_alias=True),
        occurrence=due.resumes,
        missed=0,
        resumes=None,
    )


def content_of(due: Due) -> Content:
    return Content.model_validate_json(due.content, extra="ignore")


def failure_of(due: Due) -> Event:
    """Return the event that reports a rejected occurrence."""
    data = DeliveryOutcome(
        notification_id=due.id,
        reminder_id=due.reminder_id,
        occurrence_id=occurrence_id(due.id, due.occurrence),
        channel=content_of(due).channel,
        target=NO_TARGET,
        reason=OVER_BUDGET,
        settled_at=datetime.now(UTC),
    )
    return Event.new("notification:failed", due.user_id, data)
