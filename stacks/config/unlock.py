"""Configures the unlock of one resource with data: name, last day and reason."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from stacks.config.section import Section

LONGEST_UNLOCK = timedelta(days=14)


def today() -> date:
    """Return the day in UTC, in which `until` is written."""
    return datetime.now(UTC).date()


def read_day(given: Any) -> Any:
    """Return the day; YAML parses a day without quotes, and the engine prints it in Go's format."""
    if not isinstance(given, str):
        return given
    try:
        return date.fromisoformat(given.removesuffix(" 00:00:00 +0000 UTC"))
    except ValueError as error:
        raise ValueError("expected a day such as 2026-12-31") from error


Day = Annotated[date, BeforeValidator(read_day)]


class Unlock(Section):
    """Lets one resource be deleted or replaced, up to a day and for a reason."""

    resource: str  # name without the prefix of the environment
    until: Day  # last day of the unlock, at most 14 days from now
    reason: str = Field(min_length=10)  # a sentence for readers of the history

    @field_validator("until")
    @classmethod
    def lasting(cls, until: date) -> date:
        first = today()
        last = first + LONGEST_UNLOCK
        if not first <= until <= last:
            raise ValueError(f"expected a day from {first} to {last}; remove an expired unlock")
        return until
