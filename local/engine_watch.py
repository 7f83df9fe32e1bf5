"""Tells a plugin when its engine has no more use for it, or is no more."""

import os
import signal
import threading

WATCH = 1.0  # seconds; an engine that was killed leaves its plugins behind


def until_the_engine_ends() -> None:
    """Return when the process that started this one has ended, or asks it to end by SIGINT.

    The handler is set because what a shell runs in the background is started deaf to SIGINT, and
    the engine then waits 5 s for each of its plugins.
    """
    asked, engine = threading.Event(), os.getppid()
    signal.signal(signal.SIGINT, lambda number, frame: asked.set())
    while os.getppid() == engine and not asked.wait(WATCH):
        pass
