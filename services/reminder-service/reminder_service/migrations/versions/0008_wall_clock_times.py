"""Adds the wall-clock times that reminders keep when the rules of their zone change."""

from alembic import op
from service_runtime.zone_updates import TABLE

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("alter table reminders add column local_date timestamp")
    op.execute(
        "alter table reminders add column local_except_dates timestamp[] not null default '{}'"
    )
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("drop table zone_data")
    op.drop_column("reminders", "local_except_dates")
    op.drop_column("reminders", "local_date")
