"""Adds the time up to which the user has handled a reminder's occurrences."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("notifications", sa.Column("handled_through", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("notifications", "handled_through")
