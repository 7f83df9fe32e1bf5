"""Indexes the notifications that the topic rejected; the scheduler counts them.

The index is empty while the topic rejects nothing.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # Concurrently, so that services can write. An interrupted run leaves an invalid index.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists notifications_refused")
        op.execute(
            "create index concurrently notifications_refused on notifications (id)"
            " where state = 'refused'"
        )


def downgrade() -> None:
    op.drop_index("notifications_refused")
