"""Ends a plugin when its engine ends or no longer needs it."""

import os
import signal
import threading
from collections.abc import Callable

WATCH = 1.0  # seconds between checks; a killed engine does not stop its plugins


def watch_engine() -> Callable[[], None]:
    """Return a function that waits for the end of the engine, or for SIGINT.

    Call it before the engine knows the port, so that it misses no event. It handles SIGINT, because
    shells start background processes that ignore it. The engine would then wait 5 s for each
    plugin.
    """
    interrupted, engine = threading.Event(), os.getppid()
    signal.signal(signal.SIGINT, lambda number, frame: interrupted.set())

    def wait() -> None:
        while os.getppid() == engine and not interrupted.wait(WATCH):
            pass

    return wait
