"""Adds the time of the write that set the local occurrence.

Earlier versions change an occurrence without its local time, which is then out of date.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("notifications", sa.Column("local_written_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("notifications", "local_written_at")
