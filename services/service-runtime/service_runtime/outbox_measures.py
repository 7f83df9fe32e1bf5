"""Measures the outbox independently of the relay, so that a stopped relay is visible."""

from sqlalchemy import Engine, func, select

from service_runtime.measuring import Measures
from service_runtime.metrics import OUTBOX_AGE, OUTBOX_REFUSED
from service_runtime.outbox import outbox
from service_runtime.refused_events import count_refused


def outbox_measures(engine: Engine) -> Measures:
    """Return the gauges of the outbox, each with the function that measures it."""

    def oldest() -> float:
        """Return the age of the oldest unpublished event in seconds, or 0."""
        age = func.extract("epoch", func.now() - func.min(outbox.c.created_at))
        with engine.connect() as connection:
            waiting = select(age).where(outbox.c.published_at.is_(None))
            return float(connection.scalar(waiting) or 0)

    def refused() -> float:
        with engine.connect() as connection:
            return count_refused(connection)

    return {OUTBOX_AGE: oldest, OUTBOX_REFUSED: refused}
