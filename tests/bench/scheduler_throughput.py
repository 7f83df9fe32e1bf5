"""Compares the scheduler's notifications per second with two job queues on PostgreSQL.

`python -m tests.bench.scheduler_throughput [--rounds 4] [--count 20000]`

All commits of finished work are durable. The contenders use the same server in turn (ABBA).
Herald's topic and the handlers of the others run in this process and answer at once, so the figures
include everything else. Ratios depend less on the machine than rates do.
"""

import gc
import os
import statistics
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Annotated, Any, Protocol

import typer
from notification_scheduler.alarm import PostgresAlarm
from notification_scheduler.database import conninfo, open_claims_pool, open_pool
from notification_scheduler.due import Settlement
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.scheduler import Pace, Scheduler
from notification_scheduler.sender import Sender
from notification_scheduler.settings import Settings
from service_runtime.settings import DatabaseSettings

from tests.bench.scheduler_database import fill, notifications_database
from tests.bench.scheduler_rivals import DEFAULT_BATCH, LARGE_BATCH, Pgqueuer, Procrastinate
from tests.bench.scheduler_table import show

LEASE = 60.0  # seconds
DEFAULTS = {name: field.default for name, field in Settings.model_fields.items()}


class Contender(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def share(self) -> float:
        """Return the share of the notifications that takes about as long as all take in Herald."""

    def measure(self, count: int) -> float:
        """Process a backlog and return the notifications or jobs per second."""


class FastTopic:
    """Accepts every batch at once."""

    def __init__(self) -> None:
        self.taken = 0
        self._turn = threading.Lock()

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        with self._turn:
            self.taken += len(PublishBatchRequestEntries)
        return {"Successful": PublishBatchRequestEntries, "Failed": []}


class CountedDueNotifications(PostgresDueNotifications):
    """Sets `finished` when `count` notifications are settled."""

    def __init__(self, pool: Any, claims: Any, count: int) -> None:
        super().__init__(pool, LEASE, claims)
        self.finished = threading.Event()
        self._left = count
        self._turn = threading.Lock()

    def settle(self, settlements: Sequence[Settlement]) -> int:
        settled = super().settle(settlements)
        with self._turn:
            self._left -= settled
            if self._left <= 0:
                self.finished.set()
        return settled


class Herald:
    name, share = "herald", 1.0

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings

    def measure(self, count: int) -> float:
        fill(self._settings, count, first=-3600, step=0.001)
        topic = FastTopic()
        sender = Sender(topic, "topic", DEFAULTS["sender_threads"])
        alarm = PostgresAlarm(conninfo(self._settings))
        with (
            open_pool(self._settings) as pool,
            open_claims_pool(self._settings) as claims,
            closing(sender),
            closing(alarm),
        ):
            due = CountedDueNotifications(pool, claims, count)
            pace = Pace(batch=DEFAULTS["batch_size"])
            elapsed = _drain(Scheduler(due, sender, alarm, pace), due)
        assert topic.taken == count
        return count / elapsed


def _drain(scheduler: Scheduler, due: CountedDueNotifications) -> float:
    """Run the scheduler and return the seconds until all notifications are settled."""
    thread = threading.Thread(target=scheduler.run)
    began = time.perf_counter()
    thread.start()
    assert due.finished.wait(300), "expected that all are settled within five minutes"
    elapsed = time.perf_counter() - began
    scheduler.stop()
    thread.join()
    return elapsed


def measure(rounds: int, count: int) -> dict[str, list[float]]:
    """Return rates by contender; every second round runs in the opposite order."""
    with notifications_database() as settings:
        Pgqueuer.install(settings)
        contenders: list[Contender] = [
            Herald(settings),
            Pgqueuer(settings, LARGE_BATCH),
            Pgqueuer(settings, DEFAULT_BATCH),
            Procrastinate(settings),
        ]
        gc.freeze()  # as the processes of the platform do
        rates: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        for number in range(rounds):
            for contender in contenders if number % 2 == 0 else reversed(contenders):
                work = int(count * contender.share)
                rates[contender.name].append(contender.measure(work))
    return rates


def main(
    rounds: Annotated[int, typer.Option(help="Number of rounds; must be even.")] = 4,
    count: Annotated[int, typer.Option(help="Notifications in Herald's backlog.")] = 20_000,
) -> None:
    """Measure rates and print a table."""
    rates = measure(rounds, count)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    show(
        f"due notifications published per second, {rounds} rounds, load {os.getloadavg()[0]:.1f}",
        ("", "median/s", "least", "most", "herald is faster by"),
        [
            (
                name,
                f"{medians[name]:,.0f}",
                f"{min(values):,.0f}",
                f"{max(values):,.0f}",
                f"{medians['herald'] / medians[name]:.1f} x",
            )
            for name, values in rates.items()
        ],
    )


if __name__ == "__main__":
    typer.run(main)
