"""The migrations make what the service expects, and wake the scheduler."""

from datetime import UTC, datetime

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from event_service.notifications import PostgresNotifications
from event_service.tables import metadata, notifications
from sqlalchemy import func, select, update

from tests.services.event_service.test_notifications import DATE, ID, reminder

pytestmark = pytest.mark.integration


def test_tables_match_those_of_the_service(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables},
        )
        assert compare_metadata(context, metadata) == []


def test_only_new_versions_wake_schedulers(engine, migrated):
    url = migrated.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as listener:
        listener.execute("listen due_notifications")
        PostgresNotifications(engine).put(reminder())
        [woken] = listener.notifies(timeout=5, stop_after=1)
        assert datetime.fromtimestamp(float(woken.payload), UTC) == DATE
        with engine.begin() as connection:
            connection.execute(update(notifications).values(lease_until=func.now()))
        assert list(listener.notifies(timeout=0.2)) == []


def test_newer_version_ends_the_lease(engine):
    stored = PostgresNotifications(engine)
    stored.put(reminder())
    with engine.begin() as connection:
        connection.execute(update(notifications).values(lease_until=func.now()))
    stored.put(reminder(2, message="Coffee"))
    with engine.connect() as connection:
        assert connection.scalar(select(notifications.c.lease_until)) is None


def test_only_old_ended_rows_are_deleted(engine):
    stored = PostgresNotifications(engine)
    stored.put(reminder())
    assert stored.forget(0) == 0
    stored.remove(ID, 2, "ada")
    assert stored.forget(90) == 0
    assert stored.forget(0) == 1
    assert stored.get(ID) is None
