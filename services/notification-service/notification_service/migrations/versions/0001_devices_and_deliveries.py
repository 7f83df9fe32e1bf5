"""Creates the tables of devices, deliveries and suppressed addresses, and the outbox."""

from alembic import op
from service_runtime.outbox import outbox_table
from sqlalchemy import MetaData

revision = "0001"
down_revision = None

DEVICES = """
create table devices (
    id uuid primary key,
    user_id text not null,
    fcm_token text not null,
    created_at timestamptz not null,
    constraint devices_user_token unique (user_id, fcm_token)
)
"""
DELIVERIES = """
create table deliveries (
    occurrence_id uuid not null,
    target text not null,
    channel text not null check (channel in ('push', 'email')),
    user_id text not null,
    notification_id uuid not null,
    reminder_id uuid,
    state text not null
        check (state in ('claimed', 'waiting', 'unknown', 'delivered', 'failed')),
    claimed_at timestamptz not null,
    lease_until timestamptz not null,
    settled_at timestamptz,
    attempts integer not null,
    unknowns integer not null,
    provider_id text,
    reason text,
    problem text,
    primary key (occurrence_id, target)
)
"""
DELIVERIES_BY_AGE = "create index deliveries_claimed_at on deliveries (claimed_at)"
SUPPRESSED_ADDRESSES = """
create table suppressed_addresses (
    address text primary key,
    reason text not null,
    since timestamptz not null
)
"""


def upgrade() -> None:
    for statement in (DEVICES, DELIVERIES, DELIVERIES_BY_AGE, SUPPRESSED_ADDRESSES):
        op.execute(statement)
    outbox_table(MetaData()).create(op.get_bind())


def downgrade() -> None:
    for table in ("outbox", "suppressed_addresses", "deliveries", "devices"):
        op.drop_table(table)
