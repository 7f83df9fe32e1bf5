"""Limits the processor time of an import."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reminder_service.creation import MOST_COMPUTING
from reminder_service.errors import OutOfTime


@dataclass
class Budget:
    """Raises OutOfTime when the processor time of a request is used up."""

    spent: Callable[[], float] = time.thread_time
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        self._end = self.spent() + MOST_COMPUTING

    def check(self) -> None:
        if self.spent() > self._end:
            raise OutOfTime
