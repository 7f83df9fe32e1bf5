"""Leaves room on each page of notifications for a claim of all its rows.

Notifications of one moment are often written together and claimed together. If a page has too
little room, rows move to other pages. Each moved row needs a new entry at a random place of the
index of ids, which costs more with more notifications. Existing pages keep their layout until their
rows are written again.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Percent. The rest of a page holds its claimed rows, which are 8 bytes longer by their lease.
    op.execute("alter table notifications set (fillfactor = 45)")


def downgrade() -> None:
    op.execute("alter table notifications set (fillfactor = 70)")
