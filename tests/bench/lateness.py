"""Measures the lateness of published notifications when a thousand are due every second.

`python -m tests.bench.lateness [--seconds 20] [--per-second 1000]`

Lateness is the time from `deliver_at` to the arrival at the topic. The clock of this machine
measures both, because the database runs here, too. The table includes every notification. The
column `early` must be 0.
"""

import json
import os
import statistics
import threading
import time
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any

import typer
from notification_scheduler.alarm import PostgresAlarm
from notification_scheduler.database import conninfo, open_claims_pool, open_pool
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.scheduler import Scheduler
from notification_scheduler.sender import Sender
from notification_scheduler.settings import Settings
from service_runtime.settings import DatabaseSettings

from tests.bench.scheduler_database import fill, notifications_database
from tests.bench.scheduler_table import show

LEASE = 60.0  # seconds
NOTICE = 3.0  # seconds between the filled table and the first due time
THREADS: int = Settings.model_fields["sender_threads"].default


class ArrivalTopic:
    """Accepts every batch at once and records its time."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[float, list[str]]] = []

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        bodies = [entry["Message"] for entry in PublishBatchRequestEntries]
        self.arrivals.append((time.time(), bodies))
        return {"Successful": PublishBatchRequestEntries, "Failed": []}

    @property
    def taken(self) -> int:
        return sum(len(bodies) for _, bodies in self.arrivals)

    @property
    def lateness(self) -> list[float]:
        """Return the milliseconds in ascending order; early notifications are negative."""
        return sorted(
            (at - datetime.fromisoformat(json.loads(body)["data"]["deliverAt"]).timestamp()) * 1000
            for at, bodies in self.arrivals
            for body in bodies
        )


def measure(settings: DatabaseSettings, per_second: int, seconds: int) -> list[float]:
    count, topic = per_second * seconds, ArrivalTopic()
    sender = Sender(topic, "topic", THREADS)
    alarm = PostgresAlarm(conninfo(settings))
    with (
        open_pool(settings) as pool,
        open_claims_pool(settings) as claims,
        closing(sender),
        closing(alarm),
    ):
        due = PostgresDueNotifications(pool, LEASE, claims)
        scheduler = Scheduler(due, sender, alarm)
        fill(settings, count, first=NOTICE, step=1 / per_second)
        thread = threading.Thread(target=scheduler.run)
        thread.start()
        end = time.monotonic() + NOTICE + seconds + 60
        while topic.taken < count and time.monotonic() < end:
            time.sleep(0.5)
        scheduler.stop()
        thread.join()
    assert topic.taken == count, f"expected {count} published notifications; got {topic.taken}"
    return topic.lateness


def main(
    seconds: Annotated[int, typer.Option(help="Seconds with due notifications.")] = 20,
    per_second: Annotated[int, typer.Option(help="Due notifications per second.")] = 1_000,
) -> None:
    """Measure lateness and print a table."""
    with notifications_database() as settings:
        late = measure(settings, per_second, seconds)
    cuts = statistics.quantiles(late, n=100)
    early = sum(milliseconds < 0 for milliseconds in late)
    row = (f"{per_second:,}/s", f"{cuts[49]:.1f}", f"{cuts[98]:.1f}", f"{late[-1]:.1f}", f"{early}")
    show(
        f"lateness in milliseconds, {len(late):,} notifications, load {os.getloadavg()[0]:.1f}",
        ("due", "p50", "p99", "most", "early"),
        [row],
    )


if __name__ == "__main__":
    typer.run(main)
