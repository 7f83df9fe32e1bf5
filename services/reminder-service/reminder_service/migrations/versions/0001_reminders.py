"""Creates the tables of reminders and idempotent answers, and the outbox."""

from alembic import op
from service_runtime.outbox import outbox_table
from sqlalchemy import MetaData

revision = "0001"
down_revision = None

REMINDERS = """
create table reminders (
    id uuid primary key,
    user_id text not null,
    email text,
    date timestamptz not null,
    is_recurring boolean not null,
    rule text,
    time_zone text not null,
    except_dates timestamptz[] not null,
    notify_offset integer not null check (notify_offset >= 0),
    notify_type text not null check (notify_type in ('push', 'email')),
    message text not null,
    url text,
    urgent boolean not null,
    version integer not null check (version >= 1),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint reminders_rule check (is_recurring = (rule is not null)),
    constraint reminders_email check (notify_type <> 'email' or email is not null)
)
"""
REMINDERS_BY_USER = "create index reminders_by_user on reminders (user_id, date, id)"
KEYED_ANSWERS = """
create table keyed_answers (
    user_id text not null,
    key text not null,
    fingerprint text not null,
    status integer not null,
    body text not null,
    headers jsonb not null,
    answered_at timestamptz not null,
    primary key (user_id, key)
)
"""
KEYED_ANSWERS_BY_AGE = "create index keyed_answers_by_age on keyed_answers (answered_at)"


def upgrade() -> None:
    for statement in (REMINDERS, REMINDERS_BY_USER, KEYED_ANSWERS, KEYED_ANSWERS_BY_AGE):
        op.execute(statement)
    outbox_table(MetaData()).create(op.get_bind())


def downgrade() -> None:
    for table in ("outbox", "keyed_answers", "reminders"):
        op.drop_table(table)
