"""The tables of the devices database, as the migrations make them."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, UniqueConstraint, Uuid

metadata = MetaData()

devices = Table(
    "devices",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("fcm_token", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("user_id", "fcm_token", name="devices_user_token"),
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
    Column("state", Text, nullable=False),  # claimed, waiting, unknown, delivered, failed
    Column("claimed_at", DateTime(timezone=True), nullable=False),
    Column("lease_until", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False),
    Column("unknowns", Integer, nullable=False),
    Column("provider_id", Text),
    Column("reason", Text),
    Column("problem", Text),
)

suppressed_addresses = Table(
    "suppressed_addresses",
    metadata,
    Column("address", Text, primary_key=True),  # case-folded
    Column("reason", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
)
