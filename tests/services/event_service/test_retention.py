"""What no news can come of any more is forgotten, on a real database."""

import threading

import pytest
from event_service.notifications import FORGET, PostgresNotifications
from event_service.retention import Retention
from sqlalchemy import Engine, text

from tests.services.processes import eventually

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


def test_a_process_forgets_at_its_start_for_it_may_not_live_for_a_day(engine):
    for state in ("pending", "ended", "deleted"):
        store(engine, state, days=91)
    store(engine, "deleted", days=89)
    retention = Retention(PostgresNotifications(engine), 90)
    thread = threading.Thread(target=retention.run)
    thread.start()
    try:
        eventually(lambda: left(engine) == [("deleted", 1), ("pending", 1)])
    finally:
        retention.stop()
        thread.join(5)


def test_no_step_reads_the_whole_table(engine):
    with engine.begin() as connection:
        for cheap_in_a_small_table in ("seqscan", "bitmapscan", "sort"):
            connection.execute(text(f"set local enable_{cheap_in_a_small_table} = off"))
        asked = text(f"explain {FORGET.text}")
        plan = "\n".join(connection.scalars(asked, {"days": 90, "limit": 5_000}))
    assert "Seq Scan" not in plan
    assert "Index Scan using notifications_not_pending" in plan
    assert "Sort" not in plan


def test_the_oldest_are_forgotten_first(engine, monkeypatch):
    monkeypatch.setattr("event_service.notifications.FORGOTTEN", 1)
    store(engine, "deleted", days=91)
    store(engine, "ended", days=120)
    PostgresNotifications(engine).forget(90)
    assert left(engine) == [("deleted", 1)]


def test_no_statement_forgets_more_than_it_has_time_for(engine):
    store(engine, "ended", days=91, rows=5_001)
    notifications = PostgresNotifications(engine)
    assert [notifications.forget(90) for _ in range(3)] == [5_000, 1, 0]
