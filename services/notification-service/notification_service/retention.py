"""Deletes old data once an hour."""

import logging
from datetime import timedelta

from service_runtime.periodic import Periodic
from service_runtime.rate_limit import PostgresBuckets
from sqlalchemy import Engine, delete, exists, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from notification_service.device_store import PostgresDevices
from notification_service.tables import deliveries, digests, waiting_notifications

INTERVAL = 3600.0  # seconds
STEP = 5_000  # rows of one statement

logger = logging.getLogger(__name__)


class ForgetfulDeliveries(Periodic):
    """Deletes old deliveries and digests, and full buckets, once an hour.

    A message stays 14 days in its queue and 14 days in the dead-letter queue. Afterwards it cannot
    be repeated, so its data are no longer needed.
    """

    def __init__(
        self, engine: Engine, buckets: PostgresBuckets, keep: timedelta = timedelta(days=30)
    ) -> None:
        super().__init__(INTERVAL)
        self._engine, self._buckets, self._keep = engine, buckets, keep

    def work(self) -> None:
        try:
            self.forget()
            self.forget_digests()
            PostgresDevices(self._engine).delete_dead()
            self._buckets.forget()
        except SQLAlchemyError as error:
            reason = type(error).__name__
            logger.warning("could not delete old deliveries", extra={"reason": reason})

    def forget(self) -> int:
        """Delete old rows in steps, so that each statement is short; return their number."""
        waits = exists().where(waiting_notifications.c.occurrence_id == deliveries.c.occurrence_id)
        old = select(deliveries.c.occurrence_id, deliveries.c.target).where(
            deliveries.c.claimed_at < func.now() - self._keep, ~waits
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
        """Delete old digests and their items; return their number."""
        old = digests.c.opened_at < func.now() - self._keep
        with self._engine.begin() as connection:
            return connection.execute(delete(digests).where(old)).rowcount
