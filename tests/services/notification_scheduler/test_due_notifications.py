"""Claims, leases and settlements, in memory and in PostgreSQL."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from event_messages.identifiers import occurrence_id
from notification_scheduler.due import Settlement, settlement_of
from notification_scheduler.messages import occurrence_text

from tests.services.notification_scheduler.examples import ago, notification, now

UPDATED = """
select pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_hot_updated(oid)
from (select 'notifications'::regclass::oid) notifications (oid)
"""


def test_what_is_due_is_claimed_whole_and_oldest_first(table):
    series = {"rule": "FREQ=DAILY", "except_dates": [ago(-90)], "notify_offset": 5}
    dues = [notification(ago(seconds), message=str(seconds), **series) for seconds in (1, 3, 2)]
    table.put(*dues)
    claimed = sorted(table.make(60).claim(10), key=lambda due: due.deliver_at)
    assert [due.message for due in claimed] == ["3", "2", "1"]
    unclaimed = {"lease_until": now(), "late": 0}
    expected = [due._replace(**unclaimed) for due in (dues[1], dues[2], dues[0])]
    assert [due._replace(**unclaimed) for due in claimed] == expected
    assert all(0 < due.late < 30 for due in claimed)


def test_the_limit_takes_the_oldest(table):
    dues = [notification(ago(seconds)) for seconds in (1, 3, 2)]
    table.put(*dues)
    assert {due.id for due in table.make(60).claim(2)} == {dues[1].id, dues[2].id}


def test_nothing_is_claimed_early(table):
    table.put(notification(now() + timedelta(seconds=0.5)))
    due = table.make(60)
    assert due.claim(10) == []
    planned = due.next_due()
    assert planned is not None
    assert 0 < planned.wait <= 0.5
    time.sleep(planned.wait)
    assert len(due.claim(10)) == 1


def test_what_is_claimed_is_not_claimed_by_another(table):
    table.put(notification(ago(1)))
    assert len(table.make(60).claim(10)) == 1
    other = table.make(60)
    assert other.claim(10) == []
    assert 50 < other.next_due().wait <= 60


def test_a_claim_of_a_scheduler_that_died_is_taken_again_after_its_lease(table):
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


def test_a_single_date_ends_when_it_is_settled(table):
    table.put(notification(ago(1)))
    due = table.make(60)
    [claimed] = due.claim(10)
    assert due.settle([settlement_of(claimed)]) == 1
    assert table.state(claimed.id)[0] == "ended"
    assert due.claim(10) == []
    assert due.next_due() is None


def test_a_series_goes_on_with_its_next_occurrence(table):
    table.put(notification(ago(1), rule="FREQ=DAILY", notify_offset=30))
    due = table.make(60)
    [claimed] = due.claim(10)
    due.settle([settlement_of(claimed)])
    assert table.state(claimed.id) == ("pending", claimed.deliver_at + timedelta(days=1))


def test_every_occurrence_that_an_outage_left_behind_is_announced(table):
    table.put(notification(ago(3 * 24 * 3600 + 1), rule="FREQ=DAILY"))
    due = table.make(60)
    announced = []
    while claimed := due.claim(10):
        announced += [one.occurrence for one in claimed]
        due.settle([settlement_of(one) for one in claimed])
    assert [later - announced[0] for later in announced] == [timedelta(days=n) for n in range(4)]


def test_a_series_whose_rule_has_ended_ends(table):
    table.put(notification(ago(1), rule="FREQ=DAILY;COUNT=1"))
    due = table.make(60)
    [claimed] = due.claim(10)
    due.settle([settlement_of(claimed)])
    assert table.state(claimed.id)[0] == "ended"


@pytest.mark.parametrize("moved", [-1, 3600])
def test_a_newer_version_that_is_written_during_the_lease_wins(table, moved):
    old = notification(ago(1))
    table.put(old)
    due = table.make(60)
    [claimed] = due.claim(10)
    new = notification(now() + timedelta(seconds=moved), id=old.id, version=2, message="Coffee")
    table.put(new)
    assert due.settle([settlement_of(claimed)]) == 0
    assert table.state(old.id) == ("pending", new.deliver_at)
    due.release([claimed], 60)
    assert [one.message for one in due.claim(10)] == (["Coffee"] if moved < 0 else [])


def test_what_is_released_can_be_taken_at_once_or_after_its_backoff(table):
    table.put(notification(ago(1)))
    due = table.make(60)
    due.release(due.claim(10))
    claimed = due.claim(10)
    assert len(claimed) == 1
    due.release(claimed, 0.2)
    assert due.claim(10) == []
    time.sleep(0.25)
    assert len(due.claim(10)) == 1


def test_the_backlog_counts_what_is_due(table):
    table.put(notification(ago(1)), notification(ago(2)), notification(now() + timedelta(hours=1)))
    due = table.make(60)
    due.claim(1)
    assert due.backlog() == 2


@pytest.mark.integration
def test_a_claim_of_all_rows_of_a_page_adds_nothing_to_the_indexes(postgres, pool):
    postgres.put(*(notification(ago(1), message="Water the plants") for _ in range(200)))
    before = updated(pool)
    assert len(postgres.make(60).claim(200)) == 200
    assert updated(pool) - before == Counter(updated=200, heap_only=200)


def updated(pool) -> Counter[str]:
    """Rows, and those of them whose new version is on the same page and in no index."""
    with pool.connection() as connection:
        connection.execute("select pg_stat_force_next_flush()")
        row = connection.execute(UPDATED).fetchone()
    return Counter(updated=row[0], heap_only=row[1])


def test_the_id_of_an_occurrence_is_that_of_the_contract():
    for seconds in range(50):
        due = notification(ago(seconds))
        text = occurrence_text(due.id, due.occurrence.isoformat(timespec="microseconds"))
        assert text == str(occurrence_id(due.id, due.occurrence))
