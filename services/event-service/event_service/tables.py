"""The table of notifications, which the notification scheduler works on as well."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData()
_moment = DateTime(timezone=True)

notifications = Table(
    "notifications",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reminder_id", UUID(as_uuid=True)),
    Column("email", Text),
    Column("channel", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("url", Text),
    Column("urgent", Boolean, nullable=False),
    Column("occurrence", _moment),
    Column("deliver_at", _moment),
    Column("date", _moment),
    Column("rule", Text),
    Column("time_zone", Text, nullable=False),
    Column("except_dates", ARRAY(_moment), nullable=False),
    Column("notify_offset", Integer, nullable=False),
    Column("handled_through", _moment),
    Column("reason", Text),
    Column("deferred_from", UUID(as_uuid=True)),
    Column("traceparent", Text),
    Column("lease_until", _moment),
    Column("updated_at", _moment, nullable=False, server_default=func.now()),
    Index("notifications_due", "deliver_at", postgresql_where=text("state = 'pending'")),
    Index("notifications_not_pending", "updated_at", postgresql_where=text("state <> 'pending'")),
    Index("notifications_of_reminder", "reminder_id", postgresql_where=text("reminder_id <> id")),
    Index(
        "notifications_deferred_from",
        "deferred_from",
        postgresql_where=text("deferred_from is not null"),
    ),
)
