"""Notifications as the table holds them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from event_messages.content import Content
from event_service.notification import Notification
from event_service.notifications import PostgresNotifications
from notification_scheduler.budgets import content_of
from notification_scheduler.due import Due

OF_CLAIMS = {"lease_until", "late", "traceparent", "counted", "resumes", "needs_notice"}
FIELDS = set(Due._fields) - OF_CLAIMS - {"except_dates", "content"}


def now() -> datetime:
    return datetime.now(UTC)


def ago(seconds: float) -> datetime:
    return now() - timedelta(seconds=seconds)


def notification(deliver_at: datetime, **changes: Any) -> Due:
    """A single date; with `rule`, the series that starts at `deliver_at`."""
    offset = timedelta(minutes=changes.get("notify_offset", 0))
    id: UUID = changes.pop("id", None) or uuid4()
    members = {name: changes.pop(name) for name in Content.model_fields.keys() & changes}
    content = Content(**{"message": "Tea", "email": "ada@example.org", **members})
    due = Due(
        id=id,
        version=1,
        lease_until=now(),
        late=0,
        user_id="ada",
        reminder_id=id,
        content=content.model_dump_json(by_alias=True),
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
    except_dates, content = tuple(due.except_dates), content_of(due)
    return Notification(state="pending", content=content, except_dates=except_dates, **values)


def put(table: PostgresNotifications, *dues: Due) -> None:
    for due in dues:
        table.put(stored(due))
