"""Deletes old deliveries and digests.

A message stays 14 days in its queue and 14 days in the dead-letter queue. Afterwards it cannot be
repeated, so its data are no longer needed.
"""

from datetime import timedelta

from sqlalchemy import Engine, delete, exists, func, select, tuple_

from notification_service.tables import deliveries, digests, waiting_notifications

KEPT = timedelta(days=30)
STEP = 5_000  # rows of one statement


def forget_deliveries(engine: Engine) -> int:
    """Delete some old deliveries; return their number."""
    waits = exists().where(waiting_notifications.c.occurrence_id == deliveries.c.occurrence_id)
    key = deliveries.c.occurrence_id, deliveries.c.target
    old = select(*key).where(deliveries.c.claimed_at < func.now() - KEPT, ~waits).limit(STEP)
    with engine.begin() as connection:
        return connection.execute(delete(deliveries).where(tuple_(*key).in_(old))).rowcount


def forget_digests(engine: Engine) -> int:
    """Delete old digests and their items; return their number."""
    old = digests.c.opened_at < func.now() - KEPT
    with engine.begin() as connection:
        return connection.execute(delete(digests).where(old)).rowcount
