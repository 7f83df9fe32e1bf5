"""Adds the acknowledged, snoozed and completed occurrences of a reminder."""

from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = """
alter table reminders
    add column acknowledged_through timestamptz,
    add column snoozed_occurrence timestamptz,
    add column snoozed_until timestamptz,
    add column completed_at timestamptz,
    add constraint reminders_snooze
        check ((snoozed_occurrence is null) = (snoozed_until is null))
"""


def upgrade() -> None:
    op.execute(COLUMNS)


def downgrade() -> None:
    for column in (
        "acknowledged_through",
        "snoozed_occurrence",
        "snoozed_until",
        "completed_at",
    ):
        op.drop_column("reminders", column)
