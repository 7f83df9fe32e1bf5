"""What one claim costs when few and when very many notifications wait.

`python -m bench.claim_cost [--ten-million]`

What is due is enough for all claims, and all else lies in the future. Each claim is settled,
outside of the measured time, before the next.
"""

import os
import statistics
import time
from typing import Annotated

import typer
from notification_scheduler.database import open_claims_pool, open_pool
from notification_scheduler.due import settlement_of
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.settings import Settings
from service_runtime.settings import DatabaseSettings

from bench.scheduler_database import fill, notifications_database
from bench.scheduler_table import show

SIZES = (10_000, 100_000, 1_000_000)
TEN_MILLION = 10_000_000
BATCH: int = Settings.model_fields["batch_size"].default
LEASE = 60.0  # seconds
CLAIMS = 15  # of each size
WARM_UP = 5  # claims after which statement and cache are prepared


def measure(settings: DatabaseSettings, pending: int) -> list[float]:
    """Milliseconds of each claim."""
    due = BATCH * (CLAIMS + WARM_UP)
    fill(settings, pending, first=-due * 0.001, step=0.001)
    with open_pool(settings) as pool, open_claims_pool(settings) as claims:
        notifications = PostgresDueNotifications(pool, LEASE, claims)
        for _ in range(WARM_UP):
            _timed(notifications)
        return [_timed(notifications) for _ in range(CLAIMS)]


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
