"""Adds the state of notifications that the topic rejected, and an index of rows to delete.

The rows of existing reminders are never deleted: an edit of an announced reminder would announce it
again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _index(name: str, condition: str) -> None:
    # Concurrently, so that services can write. An interrupted run leaves an invalid index.
    with op.get_context().autocommit_block():
        op.execute(f"drop index concurrently if exists {name}")
        op.execute(
            f"create index concurrently {name} on notifications (updated_at) where {condition}"
        )


def _states(names: str) -> None:
    op.execute("alter table notifications drop constraint notifications_state")
    op.execute(
        f"alter table notifications add constraint notifications_state check (state in ({names}))"
        " not valid"
    )
    op.execute("alter table notifications validate constraint notifications_state")


def upgrade() -> None:
    op.add_column(
        "notifications", sa.Column("refusals", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("notifications", sa.Column("refusal_reason", sa.Text))
    _states("'pending', 'ended', 'deleted', 'refused'")
    op.execute("drop index if exists notifications_not_pending")
    _index(
        "notifications_forgettable",
        "state = 'deleted' or state = 'ended' and reminder_id is distinct from id",
    )


def downgrade() -> None:
    op.execute("drop index if exists notifications_forgettable")
    _index("notifications_not_pending", "state <> 'pending'")
    op.execute("update notifications set state = 'pending' where state = 'refused'")
    _states("'pending', 'ended', 'deleted'")
    op.drop_column("notifications", "refusal_reason")
    op.drop_column("notifications", "refusals")
