"""Adds whether a user chose the time, the end of a counted series, and the missed occurrences.

A command need not name a time zone, so the column may be empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column(
        "notifications",
        sa.Column("explicit_time", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "notifications", sa.Column("missed", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("notifications", sa.Column("last_occurrence", sa.DateTime(timezone=True)))
    op.alter_column("notifications", "time_zone", nullable=True)


def downgrade() -> None:
    op.execute("update notifications set time_zone = 'UTC' where time_zone is null")
    op.alter_column("notifications", "time_zone", nullable=False)
    for column in ("last_occurrence", "missed", "explicit_time"):
        op.drop_column("notifications", column)
