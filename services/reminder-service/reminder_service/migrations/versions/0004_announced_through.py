"""Adds the last occurrence that was announced before the schedule changed."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("alter table reminders add column announced_through timestamptz")


def downgrade() -> None:
    op.drop_column("reminders", "announced_through")
