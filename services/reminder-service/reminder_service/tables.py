"""The tables of the reminders database, as the migrations make them."""

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid
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
    Column("notify_type", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("url", Text),
    Column("urgent", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("announced_through", DateTime(timezone=True)),
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
    Column("answered_at", DateTime(timezone=True), nullable=False),
)
