"""Starts a PostgreSQL server with durable commits for measurements, and fills its tables."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from notification_scheduler.database import conninfo
from service_runtime.migrations import migrate
from service_runtime.settings import DatabaseSettings, MigrationSettings

from tests.postgresql import postgres_server

NAME = "notifications"
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
ROOM = {"shared_buffers": "512MB", "max_wal_size": "4GB", "autovacuum": "off"}
# Four texts of ordinary length give rows and messages a realistic size.
FILL = """
insert into notifications (id, version, user_id, state, reminder_id, email, channel, message,
    url, urgent, occurrence, deliver_at, date, time_zone, except_dates, notify_offset)
select id, 1, 'user-' || n % 1000, 'pending', id,
    'user@example.org', 'push', 'Water the plants on the balcony, number ' || n,
    'https://example.org/plants/' || n, false, due, due, due, 'UTC', '{{}}', 0
from (
    select n, gen_random_uuid() as id, now() + ({first} + n * {step}) * interval '1 second' as due
    from generate_series(1, {count}) n
) notification
"""


@contextmanager
def notifications_database() -> Iterator[DatabaseSettings]:
    with notifications_databases(NAME) as databases:
        yield databases[NAME]


@contextmanager
def notifications_databases(*names: str) -> Iterator[Mapping[str, DatabaseSettings]]:
    """Create several databases on one server; yield their settings by name."""
    with postgres_server(**DURABLE, **ROOM) as server:
        databases = {name: server.database(name) for name in names}
        for settings in databases.values():
            migrate(settings, "event_service:migrations")
        yield databases


def administrator(settings: DatabaseSettings) -> "psycopg.Connection[tuple[object, ...]]":
    assert isinstance(settings, MigrationSettings)
    return psycopg.connect(
        conninfo(settings),
        user=settings.database_admin_user,
        password=settings.database_admin_password.get_secret_value(),
        options="",
        autocommit=True,
    )


def fill(settings: DatabaseSettings, count: int, *, first: float, step: float) -> None:
    """Replace all notifications by `count` new ones, due every `step` seconds after `first`."""
    with administrator(settings) as connection:
        connection.execute("truncate notifications")
        connection.execute(FILL.format(first=first, step=step, count=count))
        connection.execute("vacuum analyze notifications")
        connection.execute("checkpoint")
