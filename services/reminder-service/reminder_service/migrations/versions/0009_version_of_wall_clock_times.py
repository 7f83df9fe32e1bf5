"""The version of a reminder that its wall-clock times belong to.

0.1.0 and earlier versions do not write these times, so after their writes the times are out of
date.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("reminders", sa.Column("local_version", sa.Integer))


def downgrade() -> None:
    op.drop_column("reminders", "local_version")
