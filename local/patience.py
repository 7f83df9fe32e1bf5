"""Lengthens every wait on a slow machine by the factor in HERALD_PATIENCE."""

import os
from collections.abc import Mapping

from local.errors import LocalError

VARIABLE = "HERALD_PATIENCE"


def factor(variables: Mapping[str, str] = os.environ) -> float:
    """Return the factor that the user chose, 1 by default."""
    text = variables.get(VARIABLE, "1")
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 1 <= value <= 100:
        raise LocalError(f"{VARIABLE} must be a number from 1 to 100, for example 4; got {text!r}")
    return value


def stretch(seconds: float) -> float:
    """Return how long to wait on this machine for what takes `seconds` on an ordinary one."""
    return seconds * factor()
