"""How one resource that holds data is unlocked: by name, up to a day, for a reason."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from stacks.section import Section

# What holds data or opens it; the names are without the prefix of the environment.
Queues = Literal["event", "event-dead-letters", "notification", "notification-dead-letters"]
DataName = Literal[
    Queues, "event-store", "messages", "notification-scheduler-dead-letters", "postgres"
]
LONGEST_UNLOCK = timedelta(days=14)


def read_day(given: Any) -> Any:
    """YAML reads a day without quotes as a moment, which the engine hands over in Go's way."""
    if not isinstance(given, str):
        return given
    try:
        return date.fromisoformat(given.removesuffix(" 00:00:00 +0000 UTC"))
    except ValueError as error:
        raise ValueError("expected a day, written as 2026-12-31") from error


Day = Annotated[date, BeforeValidator(read_day)]


class Unlock(Section):
    """Lets one resource be destroyed or replaced, up to a day and for a reason."""

    resource: str
    until: Day
    reason: str = Field(min_length=10)  # a sentence for whoever reads the history

    @field_validator("until")
    @classmethod
    def lasting(cls, until: date) -> date:
        today = datetime.now(UTC).date()
        if not today <= until <= today + LONGEST_UNLOCK:
            raise ValueError(
                f"expected a day from {today} to {today + LONGEST_UNLOCK}, or no unlock at all"
            )
        return until


class UnlockConfig(Unlock):
    resource: DataName
