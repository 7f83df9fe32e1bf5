"""Forgets, at the start and once a day, what no news can come of any more."""

import logging
import threading
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

DAY = 24 * 3600.0  # seconds

logger = logging.getLogger(__name__)


class Notifications(Protocol):
    def forget(self, days: int) -> int: ...


class Retention:
    """A part of the process that runs until it is stopped."""

    def __init__(self, notifications: Notifications, days: int, interval: float = DAY) -> None:
        self._notifications, self._days, self._interval = notifications, days, interval
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                logger.info("old notifications forgotten", extra={"notifications": self._forget()})
            except SQLAlchemyError:
                logger.exception("old notifications were not forgotten; trying again tomorrow")
            self._stopping.wait(self._interval)

    def _forget(self) -> int:
        forgotten = 0
        while not self._stopping.is_set() and (some := self._notifications.forget(self._days)):
            forgotten += some
        return forgotten

    def stop(self) -> None:
        self._stopping.set()
