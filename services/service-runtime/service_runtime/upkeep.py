"""Deletes old data at intervals, as a part of a process."""

import logging
from collections.abc import Callable

from event_messages.failures import describe
from sqlalchemy.exc import SQLAlchemyError

from service_runtime.periodic import Periodic

INTERVAL = 3600.0  # seconds
MANY = 1_000  # rows; a step that deletes so many is repeated at once

logger = logging.getLogger(__name__)


class Upkeep(Periodic):
    """Runs each step at the start and then once an hour; a step returns the number of deleted rows.

    A step limits its own statements, so that each one is short.
    """

    def __init__(self, *steps: Callable[[], int], interval: float = INTERVAL) -> None:
        super().__init__(interval)
        self._steps = steps

    def work(self) -> None:
        for step in self._steps:
            try:
                while not self._stopping.is_set() and step() >= MANY:
                    pass
            except SQLAlchemyError as error:
                reason = {"reason": describe(error)}
                logger.warning("could not delete old data; trying again later", extra=reason)
