"""Adds the version of a reminder to which its wall-clock times belong.

Versions up to 0.1.0 do not write these times, so their writes leave outdated times.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("reminders", sa.Column("local_version", sa.Integer))


def downgrade() -> None:
    op.drop_column("reminders", "local_version")
