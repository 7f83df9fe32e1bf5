"""Adds the column for members of the content that have no column of their own."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("alter table notifications add column content jsonb not null default '{}'")


def downgrade() -> None:
    op.drop_column("notifications", "content")
