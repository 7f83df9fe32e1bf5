"""Defines the types that all messages use."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def is_none(value: object) -> bool:
    return value is None


def is_default(value: object) -> bool:
    return not value


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]

# Subscription filters of SNS read at most 256 bytes. Message attributes do not accept control
# characters.
UserId = Annotated[
    str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")
]


class Shape(BaseModel):
    """Defines models that are frozen, use camelCase in JSON, and reject unknown members."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid"
    )
