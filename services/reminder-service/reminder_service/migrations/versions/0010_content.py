"""Adds the column for members of the content that have no column of their own."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("alter table reminders add column content jsonb not null default '{}'")


def downgrade() -> None:
    op.drop_column("reminders", "content")
