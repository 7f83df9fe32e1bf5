"""An index of the notifications that the topic refused, which the scheduler counts.

It has no rows while the topic refuses nothing.
"""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # Concurrently: the services go on writing. One that was cut off leaves an invalid index.
    with op.get_context().autocommit_block():
        op.execute("drop index concurrently if exists notifications_refused")
        op.execute(
            "create index concurrently notifications_refused on notifications (id)"
            " where state = 'refused'"
        )


def downgrade() -> None:
    op.drop_index("notifications_refused")
