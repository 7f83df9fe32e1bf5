"""Creates the table of notifications that wait for another attempt."""

from alembic import op

revision = "0005"
down_revision = "0004"

WAITING = """
create table waiting_notifications (
    occurrence_id uuid primary key,
    user_id text not null,
    channel text not null check (channel in ('push', 'email')),
    reminder_id uuid,
    occurrence timestamptz not null,
    event text not null,
    traceparent text,
    stored_at timestamptz not null,
    retry_at timestamptz not null,
    claimed boolean not null,
    attempts integer not null,
    failures integer not null,
    problem text
)
"""
BY_TIME = "create index waiting_notifications_due on waiting_notifications (channel, retry_at)"
BY_SERIES = """
create index waiting_notifications_series on waiting_notifications (user_id, reminder_id)
    where reminder_id is not null
"""


def upgrade() -> None:
    for statement in (WAITING, BY_TIME, BY_SERIES):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("waiting_notifications")
