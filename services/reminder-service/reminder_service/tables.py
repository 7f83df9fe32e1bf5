"""Defines the tables of the reminders database."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

reminders = Table(
    "reminders",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("email", Text),
    Column("date", DateTime(timezone=True), nullable=False),
    Column("is_recurring", Boolean, nullable=False),
    Column("rule", Text),
    Column("time_zone", Text, nullable=False),
    Column("except_dates", ARRAY(DateTime(timezone=True)), nullable=False),
    Column("notify_offset", Integer, nullable=False),  # minutes
    Column("notify_type", Text, key="channel", nullable=False),
    Column("message", Text, nullable=False),
    Column("url", Text),
    Column("urgent", Boolean, nullable=False),
    Column("content", JSONB, nullable=False, server_default="{}"),  # members without a column
    Column("version", Integer, nullable=False),
    Column("scheduled_from", DateTime(timezone=True)),
    Column("last_occurrence", DateTime(timezone=True)),
    Column("announced_through", DateTime(timezone=True)),
    Column("local_date", DateTime),
    Column("local_except_dates", ARRAY(DateTime), nullable=False),
    Column("local_version", Integer),  # of the reminder when these were written
    Column("acknowledged_through", DateTime(timezone=True)),
    Column("snoozed_occurrence", DateTime(timezone=True)),
    Column("snoozed_until", DateTime(timezone=True)),
    Column("completed_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

keyed_answers = Table(
    "keyed_answers",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("answered_at", DateTime(timezone=True), nullable=False, index=True),
)

imported_events = Table(
    "imported_events",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("uid", Text, primary_key=True),
    Column("occurrence", Text, primary_key=True),  # that an override changes; empty for a series
    Column("sequence", Integer, nullable=False),
    Column("stamp", DateTime(timezone=True)),
    Column("fingerprint", Text, nullable=False),
    Column("reminder_id", Uuid, nullable=False),
)

calendar_subscriptions = Table(
    "calendar_subscriptions",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
