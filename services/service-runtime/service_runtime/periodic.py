"""Repeats work at intervals, as a part of a process."""

import threading
from abc import ABC, abstractmethod


class Periodic(ABC):
    """Calls `work` at the start and then at intervals, until `stop`.

    Subclasses handle their errors, because an error in `work` ends the process.
    """

    def __init__(self, interval: float) -> None:  # seconds from the end of `work` to its next call
        self._interval = interval
        self._stopping = threading.Event()

    @abstractmethod
    def work(self) -> None:
        """Do the work once; long work checks `_stopping` between its steps."""

    def run(self) -> None:
        while not self._stopping.is_set():
            self.work()
            self._stopping.wait(self._interval)

    def stop(self) -> None:
        self._stopping.set()
