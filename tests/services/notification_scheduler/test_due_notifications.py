"""Claims, leases and settlements, in memory and in PostgreSQL."""

import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from event_messages.identifiers import occurrence_id
from event_service.notifications import PostgresNotifications
from event_service.tables import notifications as table
from notification_scheduler.budgets import content_of
from notification_scheduler.due import Due, Refused, Settlement, settlement_of
from notification_scheduler.due_notifications import MOST_OF_A_USER, MOST_REFUSALS
from notification_scheduler.messages import occurrence_text
from sqlalchemy import func, update

from tests.services.notification_scheduler.examples import ago, notification, now
from tests.services.patched_zone import NEW_LAW, OLD_LAW, ZONE, enact

__all__ = ["enact"]

MINUTE = timedelta(minutes=1)
UPDATED = """
select pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_hot_updated(oid)
from (select 'notifications'::regclass::oid) notifications (oid)
"""


def test_due_notifications_are_claimed_oldest_first(table):
    series = {"rule": "FREQ=DAILY", "except_dates": [ago(-90)], "notify_offset": 5}
    dues = [notification(ago(seconds), message=str(seconds), **series) for seconds in (1, 3, 2)]
    table.put(*dues)
    claimed = sorted(table.make(60).claim(10), key=lambda due: due.deliver_at)
    assert [content_of(due).message for due in claimed] == ["3", "2", "1"]
    unclaimed = {"lease_until": now(), "late": 0}

    def without_claim(due: Due) -> Due:
        return due._replace(**unclaimed, content=content_of(due))  # in any order of its members

    assert list(map(without_claim, claimed)) == [without_claim(dues[at]) for at in (1, 2, 0)]
    assert all(0 < due.late < 30 for due in claimed)


def test_the_limit_takes_the_oldest(table):
    dues = [notification(ago(seconds)) for seconds in (1, 3, 2)]
    table.put(*dues)
    assert {due.id for due in table.make(60).claim(2)} == {dues[1].id, dues[2].id}


def test_users_take_turns_in_a_claim(table):
    mine = [notification(ago(500 - seconds)) for seconds in range(MOST_OF_A_USER + 50)]
    others = [notification(ago(1), user_id=user) for user in ("bob", "eve")]
    table.put(*mine, *others)
    due = table.make(60)
    first = due.claim(4)
    assert {one.id for one in first} == {one.id for one in (*mine[:2], *others)}
    assert {one.id for one in due.claim(1_000)} == {one.id for one in mine[2 : MOST_OF_A_USER + 2]}
    assert len(due.claim(1_000)) == 48


def test_nothing_is_claimed_early(table):
    table.put(notification(now() + timedelta(seconds=0.5)))
    due = table.make(60)
    assert due.claim(10) == []
    planned = due.next_due()
    assert planned is not None
    assert 0 < planned.wait <= 0.5
    time.sleep(planned.wait)
    assert len(due.claim(10)) == 1


def test_claimed_notification_is_not_claimed_twice(table):
    table.put(notification(ago(1)))
    assert len(table.make(60).claim(10)) == 1
    other = table.make(60)
    assert other.claim(10) == []
    assert 50 < other.next_due().wait <= 60


def test_abandoned_claim_ends_with_its_lease(table):
    table.put(notification(ago(1)))
    [lost] = table.make(0.2).claim(10)
    other = table.make(60)
    assert other.claim(10) == []
    time.sleep(0.25)
    [again] = other.claim(10)
    assert again.id == lost.id
    # The dead one was only slow: what it settles now does not count.
    assert table.make(60).settle([Settlement(lost)]) == 0
    assert table.state(lost.id)[0] == "pending"


def test_settled_single_date_ends(table):
    table.put(notification(ago(1)))
    due = table.make(60)
    [claimed] = due.claim(10)
    assert due.settle([settlement_of(claimed)]) == 1
    assert table.state(claimed.id)[0] == "ended"
    assert due.claim(10) == []
    assert due.next_due() is None


def test_series_continues_with_next_occurrence(table):
    table.put(notification(ago(1), rule="FREQ=DAILY", notify_offset=30))
    due = table.make(60)
    [claimed] = due.claim(10)
    due.settle([settlement_of(claimed)])
    assert table.state(claimed.id) == ("pending", claimed.deliver_at + timedelta(days=1))


@pytest.mark.parametrize(
    ("collapse", "days", "missed"), [(True, [3], [3]), (False, [0, 1, 2, 3], [0, 0, 0, 0])]
)
def test_series_catches_up_after_outage(table, collapse, days, missed):
    start = ago(3 * 24 * 3600 + 1)
    table.put(notification(start, rule="FREQ=DAILY"))
    due = table.make(60)
    announced = []
    while claimed := due.claim(10):
        settlements = [settlement_of(one, collapse_missed=collapse) for one in claimed]
        announced += [one.due for one in settlements]
        assert due.settle(settlements) == 1
    assert [one.occurrence - start for one in announced] == [timedelta(days=n) for n in days]
    assert [one.missed for one in announced] == missed
    assert table.state(announced[0].id) == ("pending", start + timedelta(days=4))


def test_catching_up_is_bounded():
    started = ago(3_000 * 60 + 1)
    due = notification(started, rule="FREQ=MINUTELY")._replace(late=3_000 * 60 + 1)
    settled = settlement_of(due)
    assert (settled.due.missed, settled.due.occurrence) == (1_000, started + 3_000 * MINUTE)
    assert settled.occurrence == started + 3_001 * MINUTE


def test_unreadable_series_ends_alone():
    assert settlement_of(notification(ago(1), rule="FREQ=NEVER")).occurrence is None


def test_refused_notification_is_rejected_after_retries(table):
    table.put(notification(ago(1)))
    due = table.make(60)
    for _ in range(MOST_REFUSALS):
        [claimed] = due.claim(10)
        due.refuse([Refused(claimed, "InvalidParameter: too odd")], 0)
    assert (table.state(claimed.id)[0], due.claim(10)) == ("refused", [])


def test_final_refusal_rejects_at_once(table):
    table.put(notification(ago(1)))
    due = table.make(60)
    [claimed] = due.claim(10)
    due.refuse([Refused(claimed, "300000 bytes", final=True)], 0)
    assert table.state(claimed.id)[0] == "refused"


def test_series_with_ended_rule_ends(table):
    table.put(notification(ago(1), rule="FREQ=DAILY;COUNT=1"))
    due = table.make(60)
    [claimed] = due.claim(10)
    due.settle([settlement_of(claimed)])
    assert table.state(claimed.id)[0] == "ended"


@pytest.mark.parametrize("moved", [-1, 3600])
def test_newer_version_during_lease_wins(table, moved):
    old = notification(ago(1))
    table.put(old)
    due = table.make(60)
    [claimed] = due.claim(10)
    new = notification(now() + timedelta(seconds=moved), id=old.id, version=2, message="Coffee")
    table.put(new)
    assert due.settle([settlement_of(claimed)]) == 0
    assert table.state(old.id) == ("pending", new.deliver_at)
    due.release([claimed], 60)
    assert [content_of(one).message for one in due.claim(10)] == (["Coffee"] if moved < 0 else [])


def test_released_notification_waits_for_its_backoff(table):
    table.put(notification(ago(1)))
    due = table.make(60)
    due.release(due.claim(10))
    claimed = due.claim(10)
    assert len(claimed) == 1
    due.release(claimed, 0.2)
    assert due.claim(10) == []
    time.sleep(0.25)
    assert len(due.claim(10)) == 1


@pytest.mark.integration
def test_full_page_claim_leaves_indexes_alone(postgres, pool):
    users = ["ada", "bob"] * MOST_OF_A_USER
    postgres.put(
        *(notification(ago(1), user_id=user, message="Water the plants") for user in users)
    )
    before = updated(pool)
    assert len(postgres.make(60).claim(200)) == 200
    assert updated(pool) - before == Counter(updated=200, heap_only=200)


def updated(pool) -> Counter[str]:
    """Rows, and those of them whose new version is on the same page and in no index."""
    with pool.connection() as connection:
        connection.execute("select pg_stat_force_next_flush()")
        row = connection.execute(UPDATED).fetchone()
    return Counter(updated=row[0], heap_only=row[1])


def test_occurrence_id_matches_the_contract():
    for seconds in range(50):
        due = notification(ago(seconds))
        text = occurrence_text(due.id, due.occurrence.isoformat(timespec="microseconds"))
        assert text == str(occurrence_id(due.id, due.occurrence))


@pytest.mark.integration
def test_new_zone_data_move_pending_series(postgres, engine, enact):
    enact(OLD_LAW)
    notifications = PostgresNotifications(engine)
    start = datetime(2030, 1, 14, 1, tzinfo=UTC)  # 17:00 by the old law, on a day in winter
    daily = {"rule": "FREQ=DAILY", "time_zone": ZONE, "notify_offset": 30}
    waiting = notification(start - 30 * MINUTE, **daily)
    hourly = notification(start, rule="FREQ=HOURLY;INTERVAL=8", time_zone=ZONE)
    # This one gets its next occurrence from the scheduler.
    settled = notification(ago(1), rule="FREQ=YEARLY;BYMONTH=1;BYHOUR=17", time_zone=ZONE)
    postgres.put(waiting, hourly, settled)
    due = postgres.make(60)
    due.settle([settlement_of(one) for one in due.claim(10)])
    before = notifications.get(settled.id)
    enact(NEW_LAW)
    assert (notifications.rezone(), notifications.rezone()) == (2, 0)
    hour = timedelta(hours=1)
    moved = notifications.get(waiting.id)
    assert (moved.occurrence, moved.deliver_at) == (start - hour, start - hour - 30 * MINUTE)
    assert notifications.get(settled.id) == replace(
        before, occurrence=before.occurrence - hour, deliver_at=before.deliver_at - hour
    )
    assert notifications.get(hourly.id).occurrence == start


@pytest.mark.integration
def test_move_by_earlier_version_outdates_time(postgres, engine):
    notifications = PostgresNotifications(engine)
    start = datetime(2030, 1, 14, 1, tzinfo=UTC)
    series = notification(start, rule="FREQ=DAILY", time_zone=ZONE)
    postgres.put(series)
    moved = dict.fromkeys(("occurrence", "deliver_at"), start + timedelta(days=1))
    with engine.begin() as connection:
        connection.execute(update(table).values(updated_at=func.now(), **moved))
    assert notifications.rezone() == 0
    assert notifications.get(series.id).occurrence == moved["occurrence"]
