"""Defines the envelope of every message."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from event_messages.errors import MalformedEvent
from event_messages.identifiers import uuid7
from event_messages.shape import Instant, Shape, UserId

SCHEMA_VERSION = 1

EventType = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z]+:[a-z]+$")]


class Event(Shape):
    """Carries a fact or a command about one item of one user."""

    id: UUID
    type: EventType
    user_id: UserId
    occurred_at: Instant
    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    data: dict[str, Any]

    @classmethod
    def new(
        cls,
        type: str,
        user_id: str,
        data: BaseModel | dict[str, Any],
        occurred_at: datetime | None = None,
    ) -> Self:
        if isinstance(data, BaseModel):
            data = data.model_dump(mode="json", by_alias=True)
        return cls(
            id=uuid7(),
            type=type,
            user_id=user_id,
            occurred_at=occurred_at or datetime.now(UTC),
            data=data,
        )

    @property
    def item_type(self) -> str:
        """Return the kind of item: `reminder`, `notification`, `device` or `preferences`."""
        return self.type.partition(":")[0]

    def to_json(self) -> str:
        # SQS rejects these two code points in a message body, so they are escaped.
        text = self.model_dump_json(by_alias=True)
        return text.replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise MalformedEvent(f"not an event: {explain(error)}") from None


def explain(error: ValidationError) -> str:
    """Return the place and reason of each problem, without the values: they may be personal."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'body'}: {reason_without_prefix(problem['msg'])}"
        for problem in problems
    )


def reason_without_prefix(message: str) -> str:
    """Return a message of pydantic without the words that it puts before our own sentences."""
    return message.removeprefix("Value error, ")
