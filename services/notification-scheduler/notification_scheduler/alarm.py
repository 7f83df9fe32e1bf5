"""Waits for the next due time, a database notification, or a call of `wake`."""

import os
import select
import time

import psycopg

from notification_scheduler.database import listen
from notification_scheduler.due import NextDue

CHANNEL = "due_notifications"


class PostgresAlarm:
    """Listens for new and changed notifications on its own connection."""

    def __init__(self, info: str) -> None:
        self._info = info
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def wait(self, seconds: float, planned: NextDue | None) -> None:
        """Return after `seconds`, on `wake`, or if a notification is due before `planned`."""
        end = time.monotonic() + seconds
        if self._connection is None:
            # A second search finds rows that were written before the connection listened.
            self._connection = listen(self._info, CHANNEL)
            return
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._connection.fileno(), self._reader], [], [], left)
            if self._reader in ready and os.read(self._reader, 4096):
                return
            if ready and self._earlier(planned):
                return

    def wake(self) -> None:
        try:
            os.write(self._writer, b".")
        except OSError:
            pass  # enough wakes are waiting, or the alarm is closed

    def disconnect(self) -> None:
        """Close the connection; the next wait listens again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        self.disconnect()
        os.close(self._reader)
        os.close(self._writer)

    def _earlier(self, planned: NextDue | None) -> bool:
        if self._connection is None:
            return True
        try:
            moments = [float(news.payload) for news in self._connection.notifies(timeout=0)]
        except psycopg.Error:
            self.disconnect()
            raise
        return any(planned is None or moment < planned.moment for moment in moments)
