"""Waits that end as soon as possible; only their upper limit allows for a busy machine."""

import time
from collections.abc import Callable
from typing import Any

LONGEST = 25  # seconds; less than what would help a loop that nobody wakes


def eventually(find: Callable[[], Any], seconds: float = LONGEST, pause: float = 0.01) -> Any:
    """Return what `find` returns, once that is true; fail after the seconds."""
    end = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < end, f"it did not happen in {seconds} s"
        time.sleep(pause)
    return found
