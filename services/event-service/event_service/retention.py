"""Deletes notifications that no later event can refer to, at the start and once a day."""

import logging
from typing import Protocol

from service_runtime.periodic import Periodic
from sqlalchemy.exc import SQLAlchemyError

DAY = 24 * 3600.0  # seconds

logger = logging.getLogger(__name__)


class Notifications(Protocol):
    def forget(self, days: int) -> int: ...


class Retention(Periodic):
    """Deletes old notifications until it is stopped."""

    def __init__(self, notifications: Notifications, days: int, interval: float = DAY) -> None:
        super().__init__(interval)
        self._notifications, self._days = notifications, days

    def work(self) -> None:
        try:
            logger.info("deleted old notifications", extra={"notifications": self._forget()})
        except SQLAlchemyError:
            logger.exception("could not delete old notifications; trying again tomorrow")

    def _forget(self) -> int:
        forgotten = 0
        while not self._stopping.is_set() and (some := self._notifications.forget(self._days)):
            forgotten += some
        return forgotten
