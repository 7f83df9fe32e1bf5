"""Creates the table of rate limits."""

from alembic import op
from service_runtime.rate_limit import TABLE

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.drop_table("rate_limits")
