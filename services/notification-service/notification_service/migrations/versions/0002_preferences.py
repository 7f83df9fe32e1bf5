"""Creates the tables of preferences and digests, and adds deferred deliveries."""

from alembic import op

revision = "0002"
down_revision = "0001"

PREFERENCES = """
create table preferences (
    user_id text primary key,
    time_zone text not null,
    locale text not null,
    quiet_hours jsonb not null,
    channels text[] not null,
    digest_at time,
    unsubscribed boolean not null,
    version integer not null,
    updated_at timestamptz not null
)
"""
STATES = """
alter table deliveries
    drop constraint deliveries_state_check,
    add constraint deliveries_state_check check (
        state in ('claimed', 'waiting', 'unknown', 'delivered', 'failed', 'deferred')
    ),
    add column deferred_to uuid
"""
DEFERRED = """
create index deliveries_deferred_to on deliveries (deferred_to) where deferred_to is not null
"""
DIGESTS = """
create table digests (
    id uuid primary key,
    user_id text not null,
    opened_at timestamptz not null,
    closed_at timestamptz
)
"""
ONE_OPEN_DIGEST = """
create unique index digests_open on digests (user_id) where closed_at is null
"""
DIGEST_ITEMS = """
create table digest_items (
    occurrence_id uuid primary key,
    digest_id uuid not null references digests (id) on update cascade on delete cascade,
    notification_id uuid not null,
    reminder_id uuid,
    email text not null,
    message text not null,
    url text,
    occurrence timestamptz not null,
    position bigint generated always as identity
)
"""
ITEMS_BY_DIGEST = "create index digest_items_digest_id on digest_items (digest_id)"


def upgrade() -> None:
    for statement in (
        PREFERENCES,
        STATES,
        DEFERRED,
        DIGESTS,
        ONE_OPEN_DIGEST,
        DIGEST_ITEMS,
        ITEMS_BY_DIGEST,
    ):
        op.execute(statement)


def downgrade() -> None:
    for table in ("digest_items", "digests", "preferences"):
        op.drop_table(table)
    op.execute("update deliveries set state = 'failed' where state = 'deferred'")
    op.execute("alter table deliveries drop constraint deliveries_state_check")
    op.execute("alter table deliveries drop column deferred_to")
    op.execute(
        "alter table deliveries add constraint deliveries_state_check check"
        " (state in ('claimed', 'waiting', 'unknown', 'delivered', 'failed'))"
    )
