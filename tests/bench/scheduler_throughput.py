"""Due notifications claimed and published per second, beside two queues on PostgreSQL.

`python -m tests.bench.scheduler_throughput [--rounds 4] [--count 20000]`

All commits that settle work are durable, and all contenders use the same server in turn (ABBA).
Herald's topic and the rivals' handlers are in this process and answer at once: what is measured
is everything else. Numbers depend on the machine and on what else it does; ratios less so.
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
        """Of Herald's work, so that it is busy for about as long."""

    def measure(self, count: int) -> float:
        """Notifications or jobs a second, from a backlog of so many."""


class FastTopic:
    """Takes everything at once."""

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
    """Tells when a number of them is settled."""

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
    """Seconds until all are settled."""
    thread = threading.Thread(target=scheduler.run)
    began = time.perf_counter()
    thread.start()
    assert due.finished.wait(300), "not all were published in five minutes"
    elapsed = time.perf_counter() - began
    scheduler.stop()
    thread.join()
    return elapsed


def measure(rounds: int, count: int) -> dict[str, list[float]]:
    """Rates by contender; every second round runs in the opposite order."""
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
    rounds: Annotated[int, typer.Option(help="an even number")] = 4,
    count: Annotated[int, typer.Option(help="notifications in Herald's backlog")] = 20_000,
) -> None:
    """Measure and print."""
    rates = measure(rounds, count)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    show(
        f"due notifications published per second, {rounds} rounds, load {os.getloadavg()[0]:.1f}",
        ("", "median/s", "least", "most", "herald is faster by"),
        [
            (
                name,
                f"{medians[name]:,.0f}",
                f"{min(found):,.0f}",
                f"{max(found):,.0f}",
                f"{medians['herald'] / medians[name]:.1f} x",
            )
            for name, found in rates.items()
        ],
    )


if __name__ == "__main__":
    typer.run(main)
