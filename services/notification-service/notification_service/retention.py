"""Forgets, once an hour, what can be of no use any more."""

import logging
import threading
from datetime import timedelta

from service_runtime.rate_limit import PostgresBuckets
from sqlalchemy import Engine, delete, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from notification_service.tables import deliveries, digests

STEP = 5_000  # rows forgotten in one statement

logger = logging.getLogger(__name__)


class ForgetfulDeliveries:
    """Forgets old deliveries and digests, and buckets that are full again, once an hour.

    A message lives for 14 days in its queue and for as long again in the dead letters; after
    that it cannot be repeated, and what is kept of it are only personal data.
    """

    def __init__(
        self, engine: Engine, buckets: PostgresBuckets, keep: timedelta = timedelta(days=30)
    ) -> None:
        self._engine, self._buckets, self._keep = engine, buckets, keep
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.forget()
                self.forget_digests()
                self._buckets.forget()
            except SQLAlchemyError as error:
                logger.warning("old deliveries stay", extra={"reason": type(error).__name__})
            self._stopping.wait(3600)

    def stop(self) -> None:
        self._stopping.set()

    def forget(self) -> int:
        """How many were forgotten; in steps, so that no statement runs long."""
        old = select(deliveries.c.occurrence_id, deliveries.c.target).where(
            deliveries.c.claimed_at < func.now() - self._keep
        )
        key = tuple_(deliveries.c.occurrence_id, deliveries.c.target)
        step = delete(deliveries).where(key.in_(old.limit(STEP)))
        forgotten = 0
        while not self._stopping.is_set():
            with self._engine.begin() as connection:
                count = connection.execute(step).rowcount
            forgotten += count
            if count < STEP:
                break
        return forgotten

    def forget_digests(self) -> int:
        """How many were forgotten, with what they held."""
        old = digests.c.opened_at < func.now() - self._keep
        with self._engine.begin() as connection:
            return connection.execute(delete(digests).where(old)).rowcount
