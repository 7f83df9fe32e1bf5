"""Removes what is kept for a day only."""

import logging
import threading
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from reminder_service.store import Reminders

logger = logging.getLogger(__name__)


class Upkeep:
    """Once an hour, forgets the answers to requests that can no longer be repeated."""

    def __init__(self, reminders: Reminders, pause: float = 3_600) -> None:  # seconds
        self._reminders, self._pause = reminders, pause
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._reminders.forget_answers(datetime.now(UTC))
            except SQLAlchemyError as error:
                logger.warning("upkeep failed", extra={"reason": type(error).__name__})
            self._stopping.wait(self._pause)

    def stop(self) -> None:
        self._stopping.set()
