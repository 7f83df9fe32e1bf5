"""Notifications as the table holds them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from event_service.notification import Notification
from event_service.notifications import PostgresNotifications
from notification_scheduler.due import Due

OF_CLAIMS = {"lease_until", "late", "traceparent", "counted", "resumes", "needs_notice"}
FIELDS = set(Due._fields) - OF_CLAIMS - {"except_dates"}


def now() -> datetime:
    return datetime.now(UTC)


def ago(seconds: float) -> datetime:
    return now() - timedelta(seconds=seconds)


def notification(deliver_at: datetime, **changes: Any) -> Due:
    """A single date; with `rule`, the series that starts at `deliver_at`."""
    offset = timedelta(minutes=changes.get("notify_offset", 0))
    id: UUID = changes.pop("id", None) or uuid4()
    due = Due(
        id=id,
        version=1,
        lease_until=now(),
        late=0,
        user_id="ada",
        reminder_id=id,
        email="ada@example.org",
        channel="push",
        message="Tea",
        url=None,
        urgent=False,
        occurrence=deliver_at + offset,
        deliver_at=deliver_at,
        date=deliver_at + offset,
        rule=None,
        time_zone="UTC",
        except_dates=[],
        notify_offset=0,
        explicit_time=True,
        missed=0,
        last_occurrence=None,
        traceparent=None,
        counted=False,
    )
    return due._replace(**changes)


def stored(due: Due) -> Notification:
    values = {name: getattr(due, name) for name in FIELDS}
    return Notification(state="pending", except_dates=tuple(due.except_dates), **values)


def put(table: PostgresNotifications, *dues: Due) -> None:
    for due in dues:
        table.put(stored(due))
