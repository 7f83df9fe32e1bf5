"""Creates the daily notification counters of users, which the scheduler updates in its claims.

A lost counter only gives a user a new budget, so the table is unlogged.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "notification_budgets",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("counted", sa.Integer, nullable=False),
        sa.Column("is_noticed", sa.Boolean, nullable=False, server_default=sa.false()),
        prefixes=["UNLOGGED"],
    )
    op.add_column(
        "notifications",
        sa.Column("is_counted", sa.Boolean, nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("notifications", "is_counted")
    op.drop_table("notification_budgets")
