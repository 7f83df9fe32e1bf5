"""Claims what is due in PostgreSQL and settles what was published.

A claim takes a lease, so that a scheduler that dies holds nothing back for longer. Claimed,
published and not settled is published again once the lease is over: at least once, and the
consumer recognises an occurrence by its id. A settlement counts only for the version and the
lease that were claimed, so a newer version that was written meanwhile wins. A reminder that is
changed or deleted between claim and publication is still announced as it was.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import args_row
from psycopg_pool import ConnectionPool

from notification_scheduler.due import Due, NextDue, Settlement

Pool = ConnectionPool[Connection[tuple[Any, ...]]]

CLAIM = """
with due as (
    select ctid from notifications
    where state = 'pending' and deliver_at <= now()
        and (lease_until is null or lease_until <= now())
    order by deliver_at limit %(limit)s
    for update skip locked
)
update notifications n set lease_until = now() + %(lease)s * interval '1 second'
from due where n.ctid = due.ctid
returning n.id, version, lease_until, extract(epoch from now() - deliver_at)::float8, user_id,
    reminder_id, email, channel, message, url, urgent, occurrence, deliver_at, date, rule,
    time_zone, except_dates, notify_offset, traceparent
"""
END = """
update notifications n set state = 'ended', lease_until = null, updated_at = now()
from unnest(%s::uuid[], %s::int[]) s (id, version)
where n.id = s.id and n.version = s.version and n.lease_until = %s
"""
CONTINUE = """
update notifications n set
    occurrence = s.occurrence, deliver_at = s.deliver_at, lease_until = null, updated_at = now()
from unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::timestamptz[])
    s (id, version, occurrence, deliver_at)
where n.id = s.id and n.version = s.version and n.lease_until = %s
"""
RELEASE = """
update notifications n set lease_until = now() + %s * interval '1 second'
from unnest(%s::uuid[], %s::int[], %s::timestamptz[]) s (id, version, lease_until)
where n.id = s.id and n.version = s.version and n.lease_until = s.lease_until
"""
NEXT = """
select extract(epoch from moment)::float8, extract(epoch from moment - clock_timestamp())::float8
from (
    select least(
        (select deliver_at from notifications
            where state = 'pending' and deliver_at > now() order by deliver_at limit 1),
        (select min(coalesce(lease_until, deliver_at)) from notifications
            where state = 'pending' and deliver_at <= now())
    )
) next (moment) where moment is not null
"""
BACKLOG = """
select count(*) from (
    select from notifications where state = 'pending' and deliver_at <= now() limit %s
) overdue
"""
LARGEST_BACKLOG = 100_000  # counted; more is shown as this


class PostgresDueNotifications:
    """`claims` need not be durable: a lease that a crash of the server forgets is one that ended.

    Settlements are, and their flush is also that of the claims before them.
    """

    def __init__(self, pool: Pool, lease: float, claims: Pool | None = None) -> None:
        self._pool, self._lease = pool, lease  # seconds
        self._claims = claims or pool

    def claim(self, limit: int) -> list[Due]:
        """Take up to `limit` of what is due by the database clock, oldest first."""
        with self._claims.connection() as connection:
            cursor = connection.cursor(binary=True, row_factory=args_row(Due))
            cursor.execute(CLAIM, {"limit": limit, "lease": self._lease})
            return cursor.fetchall()

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Mark as published and store what comes next, by claim; how many it still held for."""
        claims = defaultdict(list)
        for settlement in settlements:
            claims[settlement.due.lease_until, settlement.deliver_at is None].append(settlement)
        if not claims:
            return 0
        with self._pool.connection() as connection:
            return sum(
                connection.execute(*_settling(claim, lease_until, ended)).rowcount
                for (lease_until, ended), claim in claims.items()
            )

    def release(self, dues: Sequence[Due], seconds: float = 0) -> None:
        """Let any scheduler take them again once so many seconds have passed."""
        if not dues:
            return
        ids, versions = [due.id for due in dues], [due.version for due in dues]
        leases = [due.lease_until for due in dues]
        with self._pool.connection() as connection:
            connection.execute(RELEASE, [seconds, ids, versions, leases])

    def next_due(self) -> NextDue | None:
        """When there is something to claim, as far as is known now."""
        with self._claims.connection() as connection:
            row = connection.execute(NEXT).fetchone()
        return NextDue(*row) if row else None

    def backlog(self) -> int:
        with self._pool.connection() as connection:
            row = connection.execute(BACKLOG, [LARGEST_BACKLOG]).fetchone()
        return int(row[0]) if row else 0

    def ping(self) -> None:
        with self._pool.connection(timeout=2) as connection:
            connection.execute("select 1")


def _settling(
    claim: Sequence[Settlement], lease_until: datetime, ended: bool
) -> tuple[str, list[Any]]:
    """The statement and its parameters: most notifications end, and need less to be sent."""
    ids = [settlement.due.id for settlement in claim]
    versions = [settlement.due.version for settlement in claim]
    if ended:
        return END, [ids, versions, lease_until]
    following = [settlement.occurrence for settlement in claim]
    moments = [settlement.deliver_at for settlement in claim]
    return CONTINUE, [ids, versions, following, moments, lease_until]
