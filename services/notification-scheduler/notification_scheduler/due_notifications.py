"""Claims due notifications in PostgreSQL and settles published ones.

A claim holds a lease. If a scheduler dies between publication and settlement, the notification is
published again after the lease. Delivery is at least once, and consumers recognize an occurrence by
its id. A settlement applies only to the claimed version and lease, so a newer version wins. A
change or deletion between claim and publication does not stop the announcement.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import args_row
from psycopg_pool import ConnectionPool
from service_runtime.recurrence import local_time_of

from notification_scheduler.budgets import (
    COUNT,
    NOTICE,
    NOTIFICATIONS_PER_DAY,
    STORE,
    Standing,
    counts_of,
    failure_of,
    with_budgets,
)
from notification_scheduler.due import Due, NextDue, Refused, Settlement

Pool = ConnectionPool[Connection[tuple[Any, ...]]]

CONSIDERED = 20_000  # oldest due rows of a claim, which takes turns among their users
MOST_OF_A_USER = 100  # notifications in one claim

# Takes turns among users, so that a user waits only for own notifications.
CLAIM = """
with candidates as materialized (
    select ctid, user_id, deliver_at from notifications
    where state = 'pending' and deliver_at <= now()
        and (lease_until is null or lease_until <= now())
    order by deliver_at limit %(considered)s
), turns as materialized (
    select ctid, deliver_at,
        row_number() over (partition by user_id order by deliver_at) as turn
    from candidates
), due as (
    select n.ctid, n.is_counted from turns join notifications n on n.ctid = turns.ctid
    where turn <= %(share)s and state = 'pending' and n.deliver_at <= now()
        and (lease_until is null or lease_until <= now())
    order by turn, turns.deliver_at limit %(limit)s
    for update of n skip locked
)
update notifications n set lease_until = now() + %(lease)s * interval '1 second', is_counted = true
from due where n.ctid = due.ctid
returning n.id, n.version, n.lease_until,
    extract(epoch from now() - n.deliver_at)::float8, n.user_id, n.reminder_id,
    (n.content || jsonb_build_object('channel', n.channel, 'message', n.message, 'url', n.url,
        'email', n.email, 'urgent', n.urgent))::text,
    n.occurrence, n.deliver_at, n.date, n.rule, n.time_zone, n.except_dates, n.notify_offset,
    n.explicit_time, n.missed, n.last_occurrence, n.traceparent, due.is_counted
"""
END = """
update notifications n set state = 'ended', lease_until = null, updated_at = now()
from unnest(%s::uuid[], %s::int[]) s (id, version)
where n.id = s.id and n.version = s.version and n.lease_until = %s
"""
CONTINUE = """
update notifications n set
    occurrence = s.occurrence, deliver_at = s.deliver_at, lease_until = null, updated_at = now(),
    refusals = 0, is_counted = false, local_occurrence = s.local_occurrence,
    local_written_at = now()
from unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamp[])
    s (id, version, occurrence, deliver_at, local_occurrence)
where n.id = s.id and n.version = s.version and n.lease_until = %s
"""
# Occurrences over the budget were not sent, so the next claim counts them again.
RELEASE = """
update notifications n set lease_until = now() + %s * interval '1 second',
    is_counted = is_counted and not s.is_over
from unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::bool[])
    s (id, version, lease_until, is_over)
where n.id = s.id and n.version = s.version and n.lease_until = s.lease_until
"""
REFUSE = """
update notifications n set refusals = n.refusals + 1, refusal_reason = s.reason,
    state = case when s.final or n.refusals + 1 >= %s then 'refused' else n.state end,
    lease_until = now() + %s * interval '1 second'
from unnest(%s::uuid[], %s::int[], %s::timestamptz[], %s::text[], %s::bool[])
    s (id, version, lease_until, reason, final)
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
# Before a notification is refused: an hour, because the fault can be in the topic
MOST_REFUSALS = 5


class PostgresDueNotifications:
    """Claims and settles; claims need not be durable, because a lost lease counts as ended.

    Settlements are durable, and their commit also flushes earlier claims.
    """

    def __init__(
        self,
        pool: Pool,
        lease: float,
        claims: Pool | None = None,
        per_day: int = NOTIFICATIONS_PER_DAY,
    ) -> None:
        self._pool, self._lease = pool, lease  # seconds
        self._claims = claims or pool
        self._per_day = per_day

    def claim(self, limit: int) -> list[Due]:
        """Claim up to `limit` due notifications, in turn by user; mark those over a budget."""
        values = {
            "limit": limit,
            "lease": self._lease,
            "considered": CONSIDERED,
            "share": MOST_OF_A_USER,
        }
        with self._claims.connection() as connection, connection.transaction():
            cursor = connection.cursor(binary=True, row_factory=args_row(Due))
            claimed = cursor.execute(CLAIM, values).fetchall()
            return with_budgets(claimed, _count(connection, claimed), self._per_day)

    def settle(self, settlements: Sequence[Settlement]) -> int:
        """Mark notifications as published, store what follows, and return how many leases held."""
        if not settlements:
            return 0
        with self._pool.connection() as connection:
            return _settle(connection, settlements)

    def reject(self, rejections: Sequence[Settlement], noticed: Sequence[str]) -> None:
        """Store the next occurrences of rejected notifications, and the events of the rejections.

        `noticed` contains the users whose notice was published.
        """
        with self._pool.connection() as connection, connection.transaction():
            if _settle(connection, rejections) == 0:
                return
            failures = [failure_of(one.due) for one in rejections]
            bodies = [failure.to_json() for failure in failures]
            traces = [one.due.traceparent for one in rejections]
            connection.execute(STORE, [[failure.id for failure in failures], bodies, traces])
            connection.execute(NOTICE, [list(noticed)])

    def release(self, dues: Sequence[Due], seconds: float = 0) -> None:
        """End the leases after `seconds`, so that any scheduler can claim the notifications."""
        if not dues:
            return
        ids, versions = [due.id for due in dues], [due.version for due in dues]
        leases = [due.lease_until for due in dues]
        over = [due.resumes is not None for due in dues]
        with self._pool.connection() as connection:
            connection.execute(RELEASE, [seconds, ids, versions, leases, over])

    def refuse(self, refused: Sequence[Refused], seconds: float) -> None:
        """Retry after `seconds`; refuse the notifications permanently after several rejections."""
        if not refused:
            return
        ids, versions = [one.due.id for one in refused], [one.due.version for one in refused]
        leases = [one.due.lease_until for one in refused]
        reasons, final = [one.reason[:500] for one in refused], [one.final for one in refused]
        values = [MOST_REFUSALS, seconds, ids, versions, leases, reasons, final]
        with self._pool.connection() as connection:
            connection.execute(REFUSE, values)

    def next_due(self) -> NextDue | None:
        """Return the time of the next claim, or None."""
        with self._claims.connection() as connection:
            row = connection.execute(NEXT).fetchone()
        return NextDue(*row) if row else None

    def ping(self) -> None:
        with self._pool.connection(timeout=2) as connection:
            connection.execute("select 1")


def _count(connection: Connection[Any], claimed: Sequence[Due]) -> dict[str, Standing]:
    """Count first claims in the budgets, ordered by user to avoid deadlocks."""
    counts = counts_of(claimed)
    if not counts:
        return {}
    rows = connection.execute(COUNT, [list(counts), list(counts.values())]).fetchall()
    return {
        user: Standing(counted, is_noticed, datetime.combine(day, time(), UTC) + timedelta(days=1))
        for user, day, counted, is_noticed in rows
    }


def _settle(connection: Connection[Any], settlements: Sequence[Settlement]) -> int:
    claims = defaultdict(list)
    for settlement in settlements:
        claims[settlement.due.lease_until, settlement.deliver_at is None].append(settlement)
    return sum(
        connection.execute(*_settlement_statement(claim, lease_until, ended)).rowcount
        for (lease_until, ended), claim in claims.items()
    )


def _settlement_statement(
    claim: Sequence[Settlement], lease_until: datetime, ended: bool
) -> tuple[str, list[Any]]:
    """Return the statement and its parameters; ended notifications need fewer parameters."""
    ids = [settlement.due.id for settlement in claim]
    versions = [settlement.due.version for settlement in claim]
    if ended:
        return END, [ids, versions, lease_until]
    following = [settlement.occurrence for settlement in claim]
    moments = [settlement.deliver_at for settlement in claim]
    local = [local_time_of(one.occurrence, one.due.rule, one.due.time_zone) for one in claim]
    return CONTINUE, [ids, versions, following, moments, local, lease_until]
