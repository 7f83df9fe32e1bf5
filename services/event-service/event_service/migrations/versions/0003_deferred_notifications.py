"""Adds the deferred notification and the reason of the deferral."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("notifications", sa.Column("reason", sa.Text))
    op.add_column("notifications", sa.Column("deferred_from", sa.Uuid))
    op.create_index(
        "notifications_deferred_from",
        "notifications",
        ["deferred_from"],
        postgresql_where=sa.text("deferred_from is not null"),
    )


def downgrade() -> None:
    op.drop_column("notifications", "deferred_from")
    op.drop_column("notifications", "reason")
