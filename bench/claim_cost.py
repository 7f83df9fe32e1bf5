"""What one claim costs when few and when very many notifications wait.

`python -m bench.claim_cost [--ten-million]`

A batch is claimed of what is due while all others lie in the future; claimed rows are given back
by their lease, so that each claim finds the same. The plan shows that no claim reads more.
"""

import os
import statistics
import time
from typing import Annotated

import typer
from notification_scheduler.database import open_claims_pool, open_pool
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.settings import Settings
from service_runtime.settings import DatabaseSettings

from bench.scheduler_database import fill, notifications_database
from bench.scheduler_table import show

SIZES = (10_000, 100_000, 1_000_000)
TEN_MILLION = 10_000_000
BATCH: int = Settings.model_fields["batch_size"].default
CLAIMS = 15  # of each size, each of a batch of its own


def measure(settings: DatabaseSettings, pending: int) -> list[float]:
    """Milliseconds of each claim; what is due is enough for all of them."""
    due = BATCH * (CLAIMS + 2)
    fill(settings, pending, first=-due * 0.001, step=0.001)
    with open_pool(settings) as pool, open_claims_pool(settings) as claims:
        notifications = PostgresDueNotifications(pool, 600, claims)
        for _ in range(2):  # the first ones prepare statement and cache
            assert len(notifications.claim(BATCH)) == BATCH
        return [_timed(notifications) for _ in range(CLAIMS)]


def _timed(notifications: PostgresDueNotifications) -> float:
    began = time.perf_counter()
    claimed = notifications.claim(BATCH)
    elapsed = time.perf_counter() - began
    assert len(claimed) == BATCH
    return elapsed * 1000


def main(
    ten_million: Annotated[bool, typer.Option(help="measure 10,000,000 too, slowly")] = False,
) -> None:
    """Measure and print."""
    sizes = (*SIZES, TEN_MILLION) if ten_million else SIZES
    with notifications_database() as settings:
        found = {size: measure(settings, size) for size in sizes}
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
