"""What no news can come of any more is forgotten, on a real database."""

import threading

import pytest
from event_service.notifications import FORGET, PostgresNotifications
from service_runtime.upkeep import Upkeep
from sqlalchemy import Engine, text

from tests.services.event_service.test_notifications import ID, reminder
from tests.waiting import eventually

pytestmark = pytest.mark.integration

OLD = """
insert into notifications (id, version, user_id, state, channel, message, urgent, time_zone,
    except_dates, notify_offset, updated_at, occurrence, deliver_at)
select gen_random_uuid(), 1, 'ada', :state, 'push', '', false, 'UTC', '{}', 0,
    now() - make_interval(days => :days), now(), now()
from generate_series(1, :rows)
"""


def store(engine: Engine, state: str, days: int, rows: int = 1) -> None:
    with engine.begin() as connection:
        connection.execute(text(OLD), {"state": state, "days": days, "rows": rows})


def left(engine: Engine) -> list[tuple[str, int]]:
    query = text("select state, count(*) from notifications group by state order by state")
    with engine.connect() as connection:
        return [(state, count) for state, count in connection.execute(query)]


def test_cleanup_runs_at_start(engine):
    for state in ("pending", "ended", "deleted"):
        store(engine, state, days=91)
    store(engine, "deleted", days=89)
    table = PostgresNotifications(engine)
    retention = Upkeep(lambda: table.forget(90))
    thread = threading.Thread(target=retention.run)
    thread.start()
    try:
        eventually(lambda: left(engine) == [("deleted", 1), ("pending", 1)])
    finally:
        retention.stop()
        thread.join(60)


def test_reminders_that_exist_are_never_forgotten(engine):
    table = PostgresNotifications(engine)
    table.put(reminder())
    age = text("update notifications set state = 'ended', updated_at = now() - interval '1 year'")
    with engine.begin() as connection:
        connection.execute(age)
    assert table.forget(90) == 0
    table.put(reminder(2, message="Coffee"))
    assert (table.get(ID).state, table.get(ID).content.message) == ("ended", "Coffee")


def test_no_step_reads_the_whole_table(engine):
    with engine.begin() as connection:
        for cheap_in_a_small_table in ("seqscan", "bitmapscan", "sort"):
            connection.execute(text(f"set local enable_{cheap_in_a_small_table} = off"))
        asked = text(f"explain {FORGET.text}")
        plan = "\n".join(connection.scalars(asked, {"days": 90, "limit": 5_000}))
    assert "Seq Scan" not in plan
    assert "Index Scan using notifications_forgettable" in plan
    assert "Sort" not in plan


def test_the_oldest_are_forgotten_first(engine, monkeypatch):
    monkeypatch.setattr("event_service.notifications.FORGOTTEN", 1)
    store(engine, "deleted", days=91)
    store(engine, "ended", days=120)
    PostgresNotifications(engine).forget(90)
    assert left(engine) == [("deleted", 1)]


def test_cleanup_is_limited_per_statement(engine):
    store(engine, "ended", days=91, rows=5_001)
    notifications = PostgresNotifications(engine)
    assert [notifications.forget(90) for _ in range(3)] == [5_000, 1, 0]


def test_budgets_of_past_days_are_forgotten(engine):
    days = text("""
        insert into notification_budgets (user_id, day, counted)
        select 'user-' || age, (now() at time zone 'UTC')::date - age, 5
        from generate_series(0, 2) age
    """)
    with engine.begin() as connection:
        connection.execute(days)
    assert PostgresNotifications(engine).forget(90) == 2
    with engine.connect() as connection:
        rows = connection.execute(text("select user_id, counted from notification_budgets"))
        assert [tuple(row) for row in rows] == [("user-0", 5)]
