"""Measures the outbox independently of the relay, so that a stopped relay is visible."""

from typing import Any

from sqlalchemy import Engine, Select, func, select

from service_runtime.measuring import Measures
from service_runtime.metrics import OUTBOX_AGE, OUTBOX_REFUSED
from service_runtime.outbox import outbox


def outbox_measures(engine: Engine) -> Measures:
    """Return the gauges of the outbox, each with the function that measures it."""
    waits, is_refused = outbox.c.published_at.is_(None), outbox.c.attempts > 0

    def measure(query: Select[Any]) -> float:
        with engine.connect() as connection:
            return float(connection.scalar(query) or 0)

    age = func.extract("epoch", func.now() - func.min(outbox.c.created_at))
    return {
        OUTBOX_AGE: lambda: measure(select(age).where(waits, ~is_refused)),
        OUTBOX_REFUSED: lambda: measure(select(func.count()).where(waits, is_refused)),
    }
