"""By age, the notifications that wait no more: what is forgotten after some time.

Without it the last step of each day reads the whole table, and in a large one, not in memory, no
step ends within the ten seconds of a statement. Ids cannot serve: those of snoozes, and what other
producers choose, are in no order of time. A claim writes neither column, so its updates stay
within their pages (HOT). A settlement never did: it writes `state` or `deliver_at`. An edit of what
is said now writes about a kilobyte of log more, since `updated_at` is in an index.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Concurrently: the services go on writing. One that was cut off before leaves an invalid index.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists notifications_not_pending")
        op.execute(
            "create index concurrently notifications_not_pending on notifications (updated_at)"
            " where state <> 'pending'"
        )


def downgrade() -> None:
    op.drop_index("notifications_not_pending")
