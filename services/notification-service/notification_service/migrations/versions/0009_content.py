"""Adds the column for members of the content that have no column of their own."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("alter table digest_items add column content jsonb not null default '{}'")


def downgrade() -> None:
    op.drop_column("digest_items", "content")
