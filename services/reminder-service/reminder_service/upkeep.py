"""Removes what is kept for a while only."""

import logging
import threading
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from reminder_service.store import Reminders

logger = logging.getLogger(__name__)


class Forgetful(Protocol):
    def forget(self) -> int: ...


class Upkeep:
    """Once an hour, forgets full buckets and the answers to requests that cannot be repeated."""

    def __init__(
        self, reminders: Reminders, buckets: Forgetful, pause: float = 3_600
    ) -> None:  # seconds
        self._reminders, self._buckets, self._pause = reminders, buckets, pause
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._reminders.forget_answers(datetime.now(UTC))
                self._buckets.forget()
            except SQLAlchemyError as error:
                logger.warning("upkeep failed", extra={"reason": type(error).__name__})
            self._stopping.wait(self._pause)

    def stop(self) -> None:
        self._stopping.set()
