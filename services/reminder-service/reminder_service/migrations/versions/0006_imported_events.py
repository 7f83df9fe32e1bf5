"""Creates the tables of imported calendar events and of calendar subscriptions."""

from alembic import op

revision = "0006"
down_revision = "0005"

IMPORTED_EVENTS = """
create table imported_events (
    user_id text not null,
    uid text not null,
    occurrence text not null,
    sequence integer not null,
    stamp timestamptz,
    fingerprint text not null,
    reminder_id uuid not null references reminders (id) on delete cascade,
    primary key (user_id, uid, occurrence)
)
"""
BY_REMINDER = "create index imported_events_by_reminder on imported_events (reminder_id)"
SUBSCRIPTIONS = """
create table calendar_subscriptions (
    user_id text primary key,
    token_hash bytea not null unique,
    created_at timestamptz not null
)
"""


def upgrade() -> None:
    for statement in (IMPORTED_EVENTS, BY_REMINDER, SUBSCRIPTIONS):
        op.execute(statement)


def downgrade() -> None:
    for table in ("calendar_subscriptions", "imported_events"):
        op.drop_table(table)
