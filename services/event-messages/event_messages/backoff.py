"""Waiting times between attempts."""

import random


def full_jitter(attempt: int, base: float, cap: float) -> float:
    """Seconds before the next try after `attempt` failed ones (1 for the first)."""
    return random.uniform(0, min(cap, base * 2 ** min(attempt - 1, 32)))
