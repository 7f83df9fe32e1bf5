"""Adds the wall-clock time that a pending occurrence keeps when the rules of its zone change.

Pending series get it with their next occurrence.
"""

from alembic import op
from service_runtime.zone_updates import TABLE

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("alter table notifications add column local_occurrence timestamp")
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table zone_data")
    op.drop_column("notifications", "local_occurrence")
