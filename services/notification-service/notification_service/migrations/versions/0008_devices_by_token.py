"""Makes tokens and installations unique over all users, and marks dead devices."""

from alembic import op

revision = "0008"
down_revision = "0007"

KEEP_LAST = """
delete from devices using devices as later
where devices.fcm_token = later.fcm_token
    and (devices.created_at, devices.id) < (later.created_at, later.id)
"""
COLUMNS = """
alter table devices
    drop constraint devices_user_token,
    add column installation_id text unique,
    add column last_used_at timestamptz not null default now(),
    add column dead_since timestamptz,
    add constraint devices_token unique (fcm_token)
"""
BY_USER = "create index devices_user on devices (user_id)"
UNDO = """
alter table devices
    drop constraint devices_token,
    drop column installation_id,
    drop column last_used_at,
    drop column dead_since,
    add constraint devices_user_token unique (user_id, fcm_token)
"""


def upgrade() -> None:
    for statement in (KEEP_LAST, COLUMNS, BY_USER):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop index devices_user")
    op.execute("delete from devices where dead_since is not null")
    op.execute(UNDO)
