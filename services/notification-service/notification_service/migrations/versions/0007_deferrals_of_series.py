"""Adds the end of a deferral, so that a series is deferred as one notification."""

from alembic import op

revision = "0007"
down_revision = "0006"

UNTIL = "alter table deliveries add column deferred_until timestamptz"
BY_SERIES = """
create index deliveries_deferred_series on deliveries (reminder_id, deferred_until)
    where state = 'deferred' and reminder_id is not null
"""


def upgrade() -> None:
    op.execute(UNTIL)
    op.execute(BY_SERIES)


def downgrade() -> None:
    op.drop_index("deliveries_deferred_series")
    op.drop_column("deliveries", "deferred_until")
