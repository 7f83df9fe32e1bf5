"""Indexes by age the notifications that are not pending, which are deleted after some time.

Without the index, the last deletion of each day reads the whole table. On a large table it exceeds
the statement timeout of ten seconds. Ids do not help, because they are not ordered by time: snoozes
and other producers choose them. A claim writes neither column, so its updates stay on their pages
(HOT). An edit of a text writes about a kilobyte more log, because the index contains `updated_at`.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Concurrently, so that services can write. An interrupted run leaves an invalid index.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists notifications_not_pending")
        op.execute(
            "create index concurrently notifications_not_pending on notifications (updated_at)"
            " where state <> 'pending'"
        )


def downgrade() -> None:
    op.drop_index("notifications_not_pending")
