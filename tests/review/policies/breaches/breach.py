"""The smallest change of a sound resource that breaks a rule, and what is then said."""

from dataclasses import dataclass
from typing import Any

ABSENT = object()
ANYONE = "statement Admit admits everyone; name a principal, or an account or ARN"


@dataclass(frozen=True)
class Breach:
    rule: str
    type: str
    change: dict[str, Any]  # dotted path -> value
    said: str
    name: str = "event"
    protect: bool = True
