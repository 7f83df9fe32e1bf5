"""Describes the tables of the devices database as the migrations create them."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

devices = Table(
    "devices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("fcm_token", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("installation_id", Text),
    Column("last_used_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("dead_since", DateTime(timezone=True)),  # when FCM no longer knew the token
    UniqueConstraint("fcm_token", name="devices_token"),
    UniqueConstraint("installation_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("occurrence_id", Uuid, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("notification_id", Uuid, nullable=False),
    Column("reminder_id", Uuid),
    Column("state", Text, nullable=False),  # claimed, waiting, unknown, delivered, failed, deferred
    Column("claimed_at", DateTime(timezone=True), nullable=False),
    Column("lease_until", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False),
    Column("unknowns", Integer, nullable=False),
    Column("provider_id", Text),
    Column("reason", Text),
    Column("problem", Text),
    Column("deferred_to", Uuid),  # the notification that takes its place
    Column("deferred_until", DateTime(timezone=True)),
)

waiting_notifications = Table(
    "waiting_notifications",
    metadata,
    Column("occurrence_id", Uuid, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("reminder_id", Uuid),
    Column("occurrence", DateTime(timezone=True), nullable=False),
    Column("event", Text, nullable=False),  # the message of the scheduler
    Column("traceparent", Text),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Column("retry_at", DateTime(timezone=True), nullable=False),  # of a claim: end of its lease
    Column("claimed", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),  # number of claims
    Column("failures", Integer, nullable=False),
    Column("problem", Text),
)

preferences = Table(
    "preferences",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("time_zone", Text, nullable=False),
    Column("time_zone_source", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("quiet_hours", JSONB, nullable=False),
    Column("channels", ARRAY(Text), nullable=False),
    Column("digest_at", Time),
    Column("unsubscribed", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

digests = Table(
    "digests",
    metadata,
    Column("id", Uuid, primary_key=True),  # of the notification that announces it
    Column("user_id", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),  # when it was put together
)

digest_items = Table(
    "digest_items",
    metadata,
    Column("occurrence_id", Uuid, primary_key=True),
    Column(
        "digest_id",
        ForeignKey("digests.id", onupdate="CASCADE", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("notification_id", Uuid, nullable=False),
    Column("reminder_id", Uuid),
    Column("email", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("url", Text),
    Column("content", JSONB, nullable=False, server_default="{}"),  # members without a column
    Column("occurrence", DateTime(timezone=True), nullable=False),
    Column("position", BigInteger, Identity(always=True), nullable=False),
)

suppressed_addresses = Table(
    "suppressed_addresses",
    metadata,
    Column("address", Text, primary_key=True),  # case-folded
    Column("reason", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
)
