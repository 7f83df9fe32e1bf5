"""Reads the factor by which a slow machine gets more time."""

import os
from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def read_factor(given: Any) -> float:
    """Return a number, or that in the variable of `{fromVariable: NAME}`, which is 1 if unset."""
    try:
        if isinstance(given, dict):
            [(key, name)] = given.items()
            given = os.environ.get(name, "1") if key == "fromVariable" else None
        return float(given)
    except (TypeError, ValueError):
        raise ValueError("expected a number, or {fromVariable: NAME}") from None


Patience = Annotated[float, BeforeValidator(read_factor), Field(ge=1, le=100)]
