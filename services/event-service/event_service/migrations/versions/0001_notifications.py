"""Creates the table of notifications and the outbox."""

import sqlalchemy as sa
from alembic import op
from service_runtime.outbox import outbox_table

revision = "0001"
down_revision = None

NOTIFY = """
create function notify_due() returns trigger language plpgsql as $$
begin
    perform pg_notify('due_notifications', extract(epoch from new.deliver_at)::text);
    return null;
end $$
"""
# Only a new version wakes the schedulers; their own writes do not.
TRIGGER = """
create trigger notifications_changed after insert or update of version on notifications
for each row when (new.state = 'pending') execute function notify_due()
"""
# A claim and its settlement rewrite the row. With room on its page, indexes need no new entries.
# Vacuum runs often, because each claim reads the dead entries at the start of the index.
STORAGE = """
alter table notifications set (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1
)
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reminder_id", sa.Uuid),
        sa.Column("email", sa.Text),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("occurrence", moment),
        sa.Column("deliver_at", moment),
        sa.Column("date", moment),
        sa.Column("rule", sa.Text),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("except_dates", sa.ARRAY(moment), nullable=False),
        sa.Column("notify_offset", sa.Integer, nullable=False),
        sa.Column("traceparent", sa.Text),
        sa.Column("lease_until", moment),
        sa.Column("updated_at", moment, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("state in ('pending', 'ended', 'deleted')", "notifications_state"),
        sa.CheckConstraint(
            "state <> 'pending' or (occurrence is not null and deliver_at is not null)",
            "notifications_pending",
        ),
    )
    op.create_index(
        "notifications_due",
        "notifications",
        ["deliver_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "notifications_of_reminder",
        "notifications",
        ["reminder_id"],
        postgresql_where=sa.text("reminder_id <> id"),
    )
    for statement in (NOTIFY, TRIGGER, STORAGE):
        op.execute(statement)
    outbox_table(sa.MetaData()).create(op.get_bind())


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("notifications")
    op.execute("drop function notify_due()")
