"""Returns events that the previous version set aside; the next release drops their table."""

from sqlalchemy import text

TABLE = """
create table refused_events (
    event_id uuid primary key,
    body text not null,
    traceparent text,
    created_at timestamptz not null,
    attempts integer not null,
    reason text not null,
    refused_at timestamptz not null default now()
)
"""
# Migrations name it, and released migrations stay as they are.
UNDO = text("""
with again as (delete from refused_events returning *)
insert into outbox (event_id, body, traceparent, created_at, attempts, last_failure)
select event_id, body, traceparent, created_at, attempts, reason from again order by created_at
""")
