"""Writes a reminder every half minute, as a request of a user would."""

import logging
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from event_messages.canary import IDS, INTERVAL, USER
from event_messages.content import Content
from event_messages.failures import describe
from sqlalchemy.exc import SQLAlchemyError

from reminder_service.errors import MissingReminder
from reminder_service.reminders import Reminder
from reminder_service.store import PostgresReminders

AHEAD = timedelta(seconds=10)  # from the write to the due time

logger = logging.getLogger(__name__)


class Canary:
    """Schedules one of a few reminders in turn for the near future.

    All pods compute its time from the clock, so only the first of them writes.
    """

    def __init__(self, reminders: PostgresReminders) -> None:
        self._reminders = reminders
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(INTERVAL - time.time() % INTERVAL):
            try:
                self.write(datetime.now(UTC))
            except SQLAlchemyError as error:  # CanarySilent alerts, if it lasts
                logger.warning("could not write the canary", extra={"reason": describe(error)})

    def write(self, now: datetime) -> None:
        """Write the canary of this half minute, unless another pod has."""
        turn = int(now.timestamp()) // INTERVAL
        id, date = IDS[turn % len(IDS)], datetime.fromtimestamp(turn * INTERVAL, UTC) + AHEAD

        def move(current: Reminder) -> Reminder:
            if current.date >= date:
                return current
            return replace(
                current, date=date, version=current.version + 1, updated_at=now, scheduled_from=now
            )

        try:
            self._reminders.change(USER, id, move)
        except MissingReminder:
            first = Reminder(
                id=id, user_id=USER, content=Content(message="Canary"), date=date,
                scheduled_from=now, created_at=now, updated_at=now,
            )  # fmt: skip
            self._reminders.add([first])

    def stop(self) -> None:
        self._stopping.set()
