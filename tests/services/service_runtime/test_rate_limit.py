"""Token buckets: in memory and in PostgreSQL, where all replicas share them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from service_runtime.rate_limit import Allowance, PostgresBuckets, Rate
from sqlalchemy import Engine, text

from tests.services.service_runtime.fake_buckets import InMemoryBuckets

RATE = Rate(per_second=0.5, burst=3)


@dataclass
class World:
    buckets: InMemoryBuckets | PostgresBuckets
    advance: Callable[[float], None]  # seconds


def in_memory() -> World:
    clock = [0.0]

    def advance(seconds: float) -> None:
        clock[0] += seconds

    return World(InMemoryBuckets(RATE, lambda: clock[0]), advance)


def in_postgres(engine: Engine) -> World:
    def advance(seconds: float) -> None:
        earlier = text("update rate_limits set at = at - :seconds * interval '1 second'")
        with engine.begin() as connection:
            connection.execute(earlier, {"seconds": seconds})

    return World(PostgresBuckets(engine, RATE), advance)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        return in_memory()
    return in_postgres(request.getfixturevalue("engine"))


def about(allowance: Allowance) -> tuple[int, int, int, int]:
    """Times to the second: the clock of a database does not stand still."""
    wait = round(allowance.wait)
    return allowance.limit, allowance.remaining, round(allowance.reset), wait


def test_empty_bucket_says_how_long(world):
    taken = [about(world.buckets.take("ada")) for _ in range(5)]
    assert taken == [(3, 2, 2, 0), (3, 1, 4, 0), (3, 0, 6, 0), (3, 0, 6, 2), (3, 0, 6, 2)]


def test_each_user_has_a_bucket(world):
    for _ in range(4):
        world.buckets.take("ada")
    assert about(world.buckets.take("eve")) == (3, 2, 2, 0)


def test_large_order_delays_the_next(world):
    world.buckets.take("ada")
    world.buckets.charge("ada", 4)
    assert world.buckets.take("ada").wait > 0
    world.advance(6)
    assert world.buckets.take("ada").wait == 0


def test_bucket_refills_to_its_limit(world):
    for _ in range(3):
        world.buckets.take("ada")
    world.advance(2)
    assert [world.buckets.take("ada").wait > 0 for _ in range(2)] == [False, True]
    world.advance(3600)
    assert about(world.buckets.take("ada")) == (3, 2, 2, 0)


def test_only_full_buckets_are_forgotten(world):
    world.buckets.take("ada")
    world.advance(7)
    world.buckets.take("eve")
    assert (world.buckets.forget(), world.buckets.forget()) == (1, 0)
    assert about(world.buckets.take("eve")) == (3, 1, 4, 0)


@pytest.mark.integration
def test_replicas_share_the_bucket(engine):
    replicas = [in_postgres(engine).buckets, PostgresBuckets(engine, RATE)]
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda n: replicas[n % 2].take("ada").wait, range(20)))
    assert sum(not wait for wait in taken) == 3


@pytest.mark.integration
def test_request_costs_one_statement(engine):
    buckets = in_postgres(engine).buckets
    buckets.take("ada")
    written = text("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    with engine.connect() as connection:
        before = connection.scalar(written)
        buckets.take("ada")
        assert connection.scalar(written) - before < 200  # bytes: the commit and no row
