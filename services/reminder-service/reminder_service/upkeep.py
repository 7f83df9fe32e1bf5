"""Deletes expired data."""

import logging
from datetime import UTC, datetime
from typing import Protocol

from service_runtime.periodic import Periodic
from sqlalchemy.exc import SQLAlchemyError

from reminder_service.store import Reminders

logger = logging.getLogger(__name__)


class Forgetful(Protocol):
    def forget(self) -> int: ...


class Upkeep(Periodic):
    """Deletes full buckets and expired answers once an hour."""

    def __init__(
        self, reminders: Reminders, buckets: Forgetful, pause: float = 3_600
    ) -> None:  # seconds
        super().__init__(pause)
        self._reminders, self._buckets = reminders, buckets

    def work(self) -> None:
        for part in (self._forget_answers, self._buckets.forget):
            try:
                part()
            except SQLAlchemyError as error:
                logger.warning("upkeep failed", extra={"reason": type(error).__name__})

    def _forget_answers(self) -> None:
        while not self._stopping.is_set() and self._reminders.forget_answers(datetime.now(UTC)):
            pass
