"""Adds the last change of a schedule and the end of a counted series; indexes answers by age."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("alter table reminders add column scheduled_from timestamptz")
    op.execute("alter table reminders add column last_occurrence timestamptz")
    op.create_index("ix_keyed_answers_answered_at", "keyed_answers", ["answered_at"])


def downgrade() -> None:
    op.drop_index("ix_keyed_answers_answered_at")
    op.drop_column("reminders", "last_occurrence")
    op.drop_column("reminders", "scheduled_from")
