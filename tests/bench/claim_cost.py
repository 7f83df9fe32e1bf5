"""Measures the time of a claim with few and with many pending notifications.

`python -m tests.bench.claim_cost [--ten-million]`

Enough notifications are due for all claims; the others are due in the future. Each size has its
own database on one server. The sizes take turns, so that a slow minute of the machine affects all
of them. Each claim is settled before the next, outside of the measured time.
"""

import os
import random
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Annotated

import typer
from notification_scheduler.database import open_claims_pool, open_pool
from notification_scheduler.due import settlement_of
from notification_scheduler.due_notifications import PostgresDueNotifications
from service_runtime.settings import DatabaseSettings

from tests.bench.scheduler_database import fill, notifications_databases
from tests.bench.scheduler_table import show

SIZES = (10_000, 100_000, 1_000_000)
TEN_MILLION = 10_000_000
BATCH = 500  # half of the scheduler's batch, so that 10,000 are enough for all claims
LEASE = 60.0  # seconds
CLAIMS = 15  # of each size
WARM_UP = 5  # unmeasured claims that prepare the statement and the cache


def measure(sizes: Sequence[int]) -> dict[int, list[float]]:
    """Return the milliseconds of each claim by the number of pending notifications."""
    claims: dict[int, list[float]] = {size: [] for size in sizes}
    with notifications_databases(*map(_name, sizes)) as databases, ExitStack() as open_pools:
        tables = {size: _fill(databases[_name(size)], size, open_pools) for size in sizes}
        for _ in range(WARM_UP + CLAIMS):
            for size in random.sample(sizes, len(sizes)):
                claims[size].append(_claim(tables[size]))
    return {size: times[WARM_UP:] for size, times in claims.items()}


def _name(size: int) -> str:
    return f"notifications_{size}"


def _fill(
    settings: DatabaseSettings, pending: int, open_pools: ExitStack
) -> PostgresDueNotifications:
    fill(settings, pending, first=-BATCH * (WARM_UP + CLAIMS) * 0.001, step=0.001)
    pool = open_pools.enter_context(open_pool(settings))
    claims = open_pools.enter_context(open_claims_pool(settings))
    return PostgresDueNotifications(pool, LEASE, claims)


def _claim(notifications: PostgresDueNotifications) -> float:
    began = time.perf_counter()
    claimed = notifications.claim(BATCH)
    elapsed = time.perf_counter() - began
    assert len(claimed) == BATCH
    notifications.settle([settlement_of(due) for due in claimed])
    return elapsed * 1000


def main(
    ten_million: Annotated[bool, typer.Option(help="Also measure 10,000,000, slowly.")] = False,
) -> None:
    """Measure claims and print a table."""
    sizes = (*SIZES, TEN_MILLION) if ten_million else SIZES
    claims = measure(sizes)
    medians = {size: statistics.median(times) for size, times in claims.items()}
    least = min(medians.values())
    show(
        f"one claim of {BATCH}, {CLAIMS} claims each, load {os.getloadavg()[0]:.1f}",
        ("pending", "median ms", "least ms", "most ms", "of the cheapest"),
        [
            (
                f"{size:,}",
                f"{medians[size]:.2f}",
                f"{min(times):.2f}",
                f"{max(times):.2f}",
                f"{medians[size] / least:.2f} x",
            )
            for size, times in claims.items()
        ],
    )


if __name__ == "__main__":
    typer.run(main)
