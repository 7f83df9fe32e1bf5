"""The write that a local occurrence belongs to.

Earlier versions move an occurrence and leave the local one, which is out of date then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("notifications", sa.Column("local_written_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("notifications", "local_written_at")
