"""An upgrade, a rollback and a second upgrade while users write: nothing is lost or doubled.

The steps are those of production: migrations come first, then pods of both versions overlap, then
the older ones end. A rollback keeps the new tables.
"""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from tests.faults.observation import Stores, rest, verdict_of
from tests.postgresql import PostgresServer
from tests.upgrade.fleet import PATIENCE, Fleet, fleet
from tests.upgrade.neighbours import Neighbours, neighbours
from tests.upgrade.previous_version import NEW, Version, unmet_requirements
from tests.upgrade.users import Users
from tests.upgrade.waiting_work import WaitingWork
from tests.waiting import eventually

pytestmark = pytest.mark.integration

SEED = 1
CALLS = 14  # of the load between two steps: each act once
REFUSED = "insert into outbox (event_id, body) values (gen_random_uuid(), 'unreadable')"
SUPPRESSED = "insert into suppressed_addresses values ('bounced@example.org', 'BOUNCE', now())"
PUBLISH_AGAIN = "update outbox set published_at = null"


@pytest.fixture
def world(server: PostgresServer, tmp_path: Path) -> Iterator[Neighbours]:
    with neighbours(server, tmp_path) as world:
        yield world


@pytest.fixture
def pods(world: Neighbours, tmp_path: Path) -> Iterator[Fleet]:
    with fleet(world.settings, tmp_path, random.Random(SEED)) as pods:
        yield pods


@pytest.fixture
def users(pods: Fleet, world: Neighbours) -> Iterator[Users]:
    users = Users(pods, world.stores.notifications, random.Random(SEED))
    yield users
    users.close()


@pytest.mark.timeout(1500)  # seconds, for a machine that does much else
def test_upgrades_and_rollbacks_keep_promises(
    old: Version, world: Neighbours, pods: Fleet, users: Users
) -> None:
    stores = world.stores
    pods.load(old, NEW)
    pods.migrate(old)
    pods.start(old)
    for number in range(4):
        users.register(
            f"user-{number}", *[f"valid-{number}-{one}" for one in range(number % 2 + 1)]
        )
    execute(stores.devices, SUPPRESSED)
    execute(stores.reminders, REFUSED)
    execute(stores.notifications, REFUSED)
    execute(stores.devices, REFUSED)
    calendar = users.call("user-0", "POST", "/reminders/calendar-subscription", 201)["url"]
    works = [WaitingWork(users, stores) for _ in range(3)]
    with users.acting():
        users.wait_for_calls(CALLS)
        works[0].leave()
        assert empty_tables(stores) == []
        pods.migrate(NEW)
        for before, after, work, following in (
            (old, NEW, works[0], works[1]),
            (NEW, old, works[1], works[2]),
            (old, NEW, works[2], None),
        ):
            pods.start(after)
            users.wait_for_calls(CALLS)
            pods.stop(before)
            publish_again(stores)
            work.finish()
            users.let_days_pass(0.5)
            users.wait_for_calls(CALLS)
            users.call("user-0", "GET", calendar, 200)
            if following:
                following.leave()
    users.let_days_pass()
    owed = {one.effect for one in users.owed}
    with suppress(AssertionError):  # the verdict names what is lost
        eventually(lambda: owed <= {one.effect for one in world.sent()}, PATIENCE)
    rest(stores, world.count_queued, PATIENCE)
    pods.stop(NEW)
    verdict = verdict_of(users.owed, world.sent(), stores)
    assert verdict.faultless, verdict
    assert world.dead_letters() == []
    assert [refused_events(one) for one in engines(stores)] == [1, 1, 1]
    for work in works:
        work.check_digest(world.emails(work.digest_address))


def test_virtual_environment_serves_both_versions(old: Version) -> None:
    assert unmet_requirements(old) == []


def engines(stores: Stores) -> list[Engine]:
    return [stores.reminders, stores.notifications, stores.devices]


def execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def publish_again(stores: Stores) -> None:
    """Let the relays of the running version publish every event of the other one again."""
    for engine in engines(stores):
        execute(engine, PUBLISH_AGAIN)


def empty_tables(stores: Stores) -> list[str]:
    found = []
    for engine in engines(stores):
        with engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                if not connection.scalar(text(f"select exists (select from {table})")):
                    found.append(f"{engine.url.database}.{table}")
    return found


def refused_events(engine: Engine) -> int:
    """Count events that wait in the outbox, or that the previous version set aside."""
    waiting = "select event_id from outbox where published_at is null and attempts > 0"
    query = f"select count(*) from ({waiting} union select event_id from refused_events) refused"
    with engine.connect() as connection:
        return int(connection.scalar(text(query)) or 0)
