"""Ends a plugin when its engine ends or no longer needs it."""

import os
import signal
import threading
from collections.abc import Callable

WATCH = 1.0  # seconds; killed engines leave their plugins behind


def watch_engine() -> Callable[[], None]:
    """Return a function that waits for the end of the engine, or for SIGINT.

    Call it before the engine knows the port, so that no later event is missed. It sets the handler
    of SIGINT, because shells start background processes without one. The engine would then wait 5 s
    for each plugin.
    """
    asked, engine = threading.Event(), os.getppid()
    signal.signal(signal.SIGINT, lambda number, frame: asked.set())

    def until_the_engine_ends() -> None:
        while os.getppid() == engine and not asked.wait(WATCH):
            pass

    return until_the_engine_ends
