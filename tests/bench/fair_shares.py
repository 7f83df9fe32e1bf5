"""Measures how much one user's burst of notifications delays those of other users.

`python -m tests.bench.fair_shares [--seconds 15] [--burst 10000]`

The lateness of the other users' notifications is measured twice: alone, and while thousands of one
user, half of them series, are overdue at once. One run measures both, so the ratio depends little
on the machine.
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
from service_runtime.settings import DatabaseSettings

from tests.bench.lateness import LEASE, THREADS
from tests.bench.scheduler_database import administrator, fill, notifications_database
from tests.bench.scheduler_table import show

NOTICE = 3.0  # seconds between the filled table and the first due time
PER_SECOND = 100  # notifications of the others
WORST = "user-worst"
ANSWER = 0.02  # seconds in which the topic accepts a batch
BURST = """
insert into notifications (id, version, user_id, state, reminder_id, channel, message, urgent,
    occurrence, deliver_at, date, rule, time_zone, except_dates, notify_offset)
select id, 1, '{user}', 'pending', id, 'push', 'Again ' || n, false, due, due, due,
    case when n % 2 = 0 then 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=1,5,9,13,17,21' end,
    'Europe/Berlin', '{{}}', 0
from (
    select n, gen_random_uuid() as id,
        now() + interval '{first} seconds' - n * interval '1 millisecond' as due
    from generate_series(1, {count}) n
) notification
"""


class LateTopic:
    """Accepts batches slowly, and records the lateness of other users' notifications."""

    def __init__(self) -> None:
        self.late: list[float] = []  # milliseconds
        self.of_worst = 0
        self._turn = threading.Lock()

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        now = time.time()
        events = [json.loads(entry["Message"]) for entry in PublishBatchRequestEntries]
        time.sleep(ANSWER)
        with self._turn:
            for event in events:
                if event["userId"] == WORST:
                    self.of_worst += 1
                else:
                    due = datetime.fromisoformat(event["data"]["deliverAt"]).timestamp()
                    self.late.append((now - due) * 1000)
        return {"Successful": PublishBatchRequestEntries, "Failed": []}


def measure(settings: DatabaseSettings, seconds: int, burst: int) -> LateTopic:
    """Run the scheduler until the notifications of all other users were published."""
    topic, count = LateTopic(), PER_SECOND * seconds
    sender, alarm = Sender(topic, "topic", THREADS), PostgresAlarm(conninfo(settings))
    with (
        open_pool(settings) as pool,
        open_claims_pool(settings) as claims,
        closing(sender),
        closing(alarm),
    ):
        # A budget would protect the other users, so this run has none.
        due = PostgresDueNotifications(pool, LEASE, claims, per_day=1_000_000)
        scheduler = Scheduler(due, sender, alarm)
        fill(settings, count, first=NOTICE, step=1 / PER_SECOND)
        with administrator(settings) as connection:
            connection.execute(BURST.format(user=WORST, first=NOTICE + 1, count=burst))
        thread = threading.Thread(target=scheduler.run)
        thread.start()
        end = time.monotonic() + NOTICE + seconds + 60
        while len(topic.late) < count and time.monotonic() < end:
            time.sleep(0.2)
        scheduler.stop()
        thread.join()
    if len(topic.late) != count:
        raise SystemExit(f"Expected {count} notifications of others; got {len(topic.late)}.")
    return topic


def main(
    seconds: Annotated[int, typer.Option(help="Seconds with notifications of other users.")] = 15,
    burst: Annotated[int, typer.Option(help="Overdue notifications of the one user.")] = 10_000,
) -> None:
    """Measure lateness and print a table."""
    rows, alone = [], None
    with notifications_database() as settings:
        for name, count in (("alone", 0), (f"with {burst:,} of one user", burst)):
            topic = measure(settings, seconds, count)
            cuts = statistics.quantiles(topic.late, n=100)
            alone = alone or cuts[98]
            figures = [f"{value:.1f}" for value in (cuts[49], cuts[98], max(topic.late))]
            rows.append((name, *figures, f"{cuts[98] / alone:.1f} x", f"{topic.of_worst:,}"))
    show(
        f"lateness of other users in milliseconds, {PER_SECOND}/s, load {os.getloadavg()[0]:.1f}",
        ("", "p50", "p99", "most", "p99 ratio", "sent to the one user"),
        rows,
    )


if __name__ == "__main__":
    typer.run(main)
