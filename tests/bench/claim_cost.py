"""What one claim costs when few and when very many notifications wait.

`python -m tests.bench.claim_cost [--ten-million]`

What is due is enough for all claims, and all else lies in the future. Each size has a database
of its own on one server, and they take turns, so that a slow minute of the machine is no one's
alone. Each claim is settled, outside of the measured time, before the next.
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
BATCH = 500  # half of what the scheduler claims, so that 10,000 are enough for all claims
LEASE = 60.0  # seconds
CLAIMS = 15  # of each size
WARM_UP = 5  # claims after which statement and cache are prepared


def measure(sizes: Sequence[int]) -> dict[int, list[float]]:
    """Milliseconds of each claim, by how many are pending; the sizes take turns."""
    found: dict[int, list[float]] = {size: [] for size in sizes}
    with notifications_databases(*map(_name, sizes)) as databases, ExitStack() as open_pools:
        tables = {size: _filled(databases[_name(size)], size, open_pools) for size in sizes}
        for _ in range(WARM_UP + CLAIMS):
            for size in random.sample(sizes, len(sizes)):
                found[size].append(_timed(tables[size]))
    return {size: times[WARM_UP:] for size, times in found.items()}


def _name(size: int) -> str:
    return f"notifications_{size}"


def _filled(
    settings: DatabaseSettings, pending: int, open_pools: ExitStack
) -> PostgresDueNotifications:
    fill(settings, pending, first=-BATCH * (WARM_UP + CLAIMS) * 0.001, step=0.001)
    pool = open_pools.enter_context(open_pool(settings))
    claims = open_pools.enter_context(open_claims_pool(settings))
    return PostgresDueNotifications(pool, LEASE, claims)


def _timed(notifications: PostgresDueNotifications) -> float:
    began = time.perf_counter()
    claimed = notifications.claim(BATCH)
    elapsed = time.perf_counter() - began
    assert len(claimed) == BATCH
    notifications.settle([settlement_of(due) for due in claimed])
    return elapsed * 1000


def main(
    ten_million: Annotated[bool, typer.Option(help="measure 10,000,000 too, slowly")] = False,
) -> None:
    """Measure and print."""
    sizes = (*SIZES, TEN_MILLION) if ten_million else SIZES
    found = measure(sizes)
    medians = {size: statistics.median(times) for size, times in found.items()}
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
            for size, times in found.items()
        ],
    )


if __name__ == "__main__":
    typer.run(main)
