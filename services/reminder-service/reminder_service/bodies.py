"""The bodies of requests and answers."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from service_runtime.bodies import UNNAMED, Body, TimeZone, without_defaults
from service_runtime.problems import ProblemBody

from reminder_service.fields import (
    ExceptDates,
    Moment,
    NotifyOffset,
    NotifyType,
    Rule,
    Text,
    WebAddress,
)
from reminder_service.occurrences import LONGEST_SNOOZE
from reminder_service.reminders import Reminder

LARGEST_PAGE = 100
LARGEST_BULK = 1_000
EXAMPLE: dict[str, Any] = {
    "date": "2030-01-31T09:00:00+01:00",
    "message": "Water the plants",
    "rule": "FREQ=WEEKLY;BYDAY=MO,WE",
    "timeZone": "Europe/Paris",
    "notifyOffset": 30,
    "url": "https://example.com/plants",
}


class NamedBody(Body):
    def named(self) -> dict[str, Any]:
        """What the request names, which is not what has a default."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        if "except_dates" in values:
            values["except_dates"] = tuple(date.astimezone(UTC) for date in values["except_dates"])
        if "date" in values:
            values["date"] = values["date"].astimezone(UTC)
        return values


class NewReminder(NamedBody):
    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    date: Moment
    message: Text
    is_recurring: bool = False
    rule: Rule | None = None
    time_zone: TimeZone = "UTC"
    except_dates: ExceptDates = []
    notify_offset: NotifyOffset = 0
    notify_type: NotifyType = "push"
    url: WebAddress | None = None
    urgent: bool = False


class ReminderChange(NamedBody):
    """Only what is named changes."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    date: Moment = UNNAMED
    message: Text = UNNAMED
    is_recurring: bool = UNNAMED
    rule: Rule | None = None
    time_zone: TimeZone = UNNAMED
    except_dates: ExceptDates = UNNAMED
    notify_offset: NotifyOffset = UNNAMED
    notify_type: NotifyType = UNNAMED
    url: WebAddress | None = None
    urgent: bool = UNNAMED


class Snooze(Body):
    """Either of the two."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["minutes"]}, {"required": ["until"]}]}
    )

    minutes: Annotated[int, Field(ge=1, le=LONGEST_SNOOZE // timedelta(minutes=1))] = UNNAMED
    until: Moment = UNNAMED

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("expected either minutes or until")
        return self

    def end(self, now: datetime) -> datetime:
        if "until" in self.model_fields_set:
            return self.until.astimezone(UTC)
        return now + timedelta(minutes=self.minutes)


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


AnsweredMoment = Annotated[
    datetime,
    PlainSerializer(_in_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class ReminderAnswer(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, from_attributes=True, extra="forbid"
    )

    id: UUID
    user_id: str
    date: AnsweredMoment
    is_recurring: bool
    rule: str | None
    time_zone: str
    except_dates: list[AnsweredMoment]
    notify_offset: int
    notify_type: NotifyType
    message: str
    url: str | None
    urgent: bool
    version: int
    next_date: AnsweredMoment | None = Field(
        description="the occurrence that the series announces next"
    )
    ended: bool = Field(description="whether nothing will be announced any more")
    snoozed_until: AnsweredMoment | None = Field(
        description="when the snoozed occurrence is announced"
    )
    acknowledged_through: AnsweredMoment | None = Field(
        description="occurrences until then are done or were past from the begin"
    )
    completed_at: AnsweredMoment | None
    created_at: AnsweredMoment
    updated_at: AnsweredMoment

    @classmethod
    def of(cls, reminder: Reminder, now: datetime) -> Self:
        next_date, snoozed_until = reminder.next_date(now), reminder.snoozed(now)
        derived = {
            "next_date": next_date,
            "ended": next_date is None and snoozed_until is None,
            "snoozed_until": snoozed_until,
        }
        named = {name: getattr(reminder, name, None) for name in cls.model_fields}
        return cls.model_validate({**named, **derived})


class ReminderPage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[ReminderAnswer]
    total: int = Field(ge=0, description="how many reminders the user has")
    limit: int
    offset: int


class BulkRequest(BaseModel):
    """Each of the reminders is taken or refused by itself, whatever it is."""

    model_config = Body.model_config

    reminders: list[Any] = Field(
        min_length=1,
        max_length=LARGEST_BULK,
        description="bodies as POST /reminders takes them",
        examples=[[EXAMPLE]],
    )


class BulkResult(BaseModel):
    index: int
    status: int = Field(description="201, or the status of the problem")
    reminder: ReminderAnswer | None = None
    problem: ProblemBody | None = None


class BulkAnswer(BaseModel):
    """In the order of the request."""

    created: int
    refused: int
    results: list[BulkResult]
