"""Defines the table of notifications, which notification-scheduler also uses."""

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
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

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
    Column("content", JSONB, nullable=False, server_default="{}"),  # members without a column
    Column("occurrence", _moment),
    Column("deliver_at", _moment),
    Column("local_occurrence", DateTime),  # of a series, on the wall clock of its zone
    Column("local_written_at", _moment),  # `updated_at` of the write of the local occurrence
    Column("date", _moment),
    Column("rule", Text),
    Column("time_zone", Text),
    Column("except_dates", ARRAY(_moment), nullable=False),
    Column("notify_offset", Integer, nullable=False),
    Column("handled_through", _moment),
    Column("explicit_time", Boolean, nullable=False, server_default=false()),
    Column("missed", Integer, nullable=False, server_default="0"),
    Column("last_occurrence", _moment),
    Column("reason", Text),
    Column("deferred_from", UUID(as_uuid=True)),
    Column("refusals", Integer, nullable=False, server_default="0"),  # rejections by the topic
    Column("refusal_reason", Text),
    # True if a budget includes it
    Column("is_counted", Boolean, nullable=False, server_default=false()),
    Column("traceparent", Text),
    Column("lease_until", _moment),
    Column("updated_at", _moment, nullable=False, server_default=func.now()),
    Index("notifications_due", "deliver_at", postgresql_where=text("state = 'pending'")),
    Index(
        "notifications_forgettable",
        "updated_at",
        postgresql_where=text(
            "state = 'deleted' or state = 'ended' and reminder_id is distinct from id"
        ),
    ),
    Index("notifications_refused", "id", postgresql_where=text("state = 'refused'")),
    Index("notifications_of_reminder", "reminder_id", postgresql_where=text("reminder_id <> id")),
    Index(
        "notifications_deferred_from",
        "deferred_from",
        postgresql_where=text("deferred_from is not null"),
    ),
)
