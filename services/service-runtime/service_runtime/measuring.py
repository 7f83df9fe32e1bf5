"""Measures databases and queues in a separate thread."""

import logging
from collections.abc import Callable
from typing import Any

from event_messages.failures import describe
from event_messages.received import QueueClient
from prometheus_client import Gauge
from sqlalchemy import Engine, Select, func, select

from service_runtime.metrics import OUTBOX_AGE, OUTBOX_REFUSED
from service_runtime.outbox import outbox
from service_runtime.periodic import Periodic

Measures = dict[Gauge, Callable[[], float]]
DEAD = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")

logger = logging.getLogger(__name__)


class Measuring(Periodic):
    """Sets gauges at intervals, so that no scrape waits for a database or a queue.

    A gauge is NaN while its source does not answer. Gauges of a relay, consumer or scheduler
    continue when it stops.
    """

    def __init__(self, measures: Measures, interval: float = 10) -> None:  # seconds
        super().__init__(interval)
        self._measures = measures

    def work(self) -> None:
        for gauge, measure in self._measures.items():
            gauge.set(_value(measure))


def _value(measure: Callable[[], float]) -> float:
    try:
        return measure()
    except Exception as error:  # of the database or the queue
        logger.warning("could not measure; trying again", extra={"reason": describe(error)})
        return float("nan")


def count_messages(client: QueueClient, queue_url: str) -> float:
    """Return the number of messages in a queue, including those in flight."""
    answer = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(DEAD))
    return float(sum(int(answer["Attributes"][name]) for name in DEAD))


def outbox_measures(engine: Engine) -> Measures:
    """Return the gauges of the outbox, which also show that its relay has stopped."""
    waits, is_refused = outbox.c.published_at.is_(None), outbox.c.attempts > 0

    def measure(query: Select[Any]) -> float:
        with engine.connect() as connection:
            return float(connection.scalar(query) or 0)

    age = func.extract("epoch", func.now() - func.min(outbox.c.created_at))
    return {
        OUTBOX_AGE: lambda: measure(select(age).where(waits, ~is_refused)),
        OUTBOX_REFUSED: lambda: measure(select(func.count()).where(waits, is_refused)),
    }
