"""Tells a plugin when its engine has no more use for it, or is no more."""

import os
import signal
import threading
from collections.abc import Callable

WATCH = 1.0  # seconds; an engine that was killed leaves its plugins behind


def watch_engine() -> Callable[[], None]:
    """Gives what waits for the engine's end, or until it asks by SIGINT for that of the plugin.

    To be called before the engine is told of the port: what happens from then on is noticed.
    The handler is set because what a shell runs in the background is started deaf to SIGINT, and
    the engine then waits 5 s for each of its plugins.
    """
    asked, engine = threading.Event(), os.getppid()
    signal.signal(signal.SIGINT, lambda number, frame: asked.set())

    def until_the_engine_ends() -> None:
        while os.getppid() == engine and not asked.wait(WATCH):
            pass

    return until_the_engine_ends
