"""Tells a plugin that the engine which started it is no more."""

import os
import time

WATCH = 1.0  # seconds; an engine that was killed leaves its plugins behind


def until_the_engine_ends() -> None:
    """Return when the process that started this one has ended."""
    engine = os.getppid()
    while os.getppid() == engine:
        time.sleep(WATCH)
