"""Adds the source of a user's time zone: default, reminder or chosen."""

from alembic import op

revision = "0006"
down_revision = "0005"

SOURCE = """
alter table preferences
    add column time_zone_source text not null default 'chosen'
        check (time_zone_source in ('default', 'reminder', 'chosen'))
"""
NOT_CHOSEN = "update preferences set time_zone_source = 'default' where time_zone = 'UTC'"


def upgrade() -> None:
    op.execute(SOURCE)
    op.execute(NOT_CHOSEN)


def downgrade() -> None:
    op.drop_column("preferences", "time_zone_source")
