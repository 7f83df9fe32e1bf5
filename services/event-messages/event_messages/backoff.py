"""Computes waiting times between attempts."""

import random


def full_jitter(attempt: int, base: float, cap: float) -> float:
    """Return the seconds to wait after `attempt` failures, at random from 0 to the limit.

    The limit is `base` after the first failure, doubles with each failure, and ends at `cap`.
    """
    return random.uniform(0, min(cap, base * 2 ** min(attempt - 1, 32)))
