"""Defines the bodies of requests and responses."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from event_messages.content import NotifyType, WrittenContent
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import to_json
from service_runtime.bodies import UNNAMED, Body, CamelCase, TimeZone, remove_defaults
from service_runtime.problems import ProblemBody
from service_runtime.recurrence import instant_of, zone_of

from reminder_service.fields import (
    ExceptDates,
    LocalMoment,
    NotifyOffset,
    Rule,
    Text,
    WebAddress,
)
from reminder_service.reminders import Reminder

Change = TypeVar("Change", bound=BaseModel)
LARGEST_PAGE = 100
# The order of names in texts of requests. Stored fingerprints of requests depend on it.
FIRST_NAMES = (
    "date", "message", "is_recurring", "rule", "time_zone", "except_dates", "notify_offset",
    "notify_type", "url", "urgent",
)  # fmt: skip
SHOWN_DATES = 3
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
        """Return the fields of the request, without defaults."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        zone = zone_of(values.get("time_zone", "UTC"))
        if "except_dates" in values:
            dates = values["except_dates"]
            values["except_dates"] = tuple(_moment_of(date, zone) for date in dates)
        if "date" in values:
            values["date"] = _moment_of(values["date"], zone)
        return values

    @model_validator(mode="after")
    def _check_offsets(self) -> Self:
        named = {name: getattr(self, name) for name in self.model_fields_set}
        dates = [named.get("date"), *(named.get("except_dates") or ())]
        if "time_zone" not in named and any(date and date.tzinfo is None for date in dates):
            raise ValueError("a time without an offset needs timeZone; name it or add an offset")
        return self


class NewReminder(WrittenContent, NamedBody):
    """Defines a reminder; a recurring one without a rule recurs daily."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    date: LocalMoment
    message: Text
    is_recurring: bool = False
    rule: Rule | None = None
    time_zone: TimeZone = "UTC"
    except_dates: ExceptDates = []
    notify_offset: NotifyOffset = 0
    channel: NotifyType = "push"
    url: WebAddress | None = None

    def canonical_text(self) -> str:
        """Return a text that is equal for equal requests, also in the previous version."""
        named = self.model_dump(mode="json", exclude_unset=True)
        if "channel" in named:
            named["notify_type"] = named.pop("channel")
        ordered = {name: named[name] for name in (*FIRST_NAMES, *named) if name in named}
        return to_json(ordered).decode()


def with_fields_of(model: type[BaseModel]) -> Callable[[type[Change]], type[Change]]:
    """Add the fields of another model; a request may omit each of them."""
    fields: Any = {
        name: (Annotated[field.annotation, field], UNNAMED)
        for name, field in model.model_fields.items()
    }
    return lambda body: create_model(body.__name__, __base__=body, __doc__=body.__doc__, **fields)


@with_fields_of(NewReminder)
class ReminderChange(NamedBody):
    """Names the members to change; the others do not change."""

    model_config = ConfigDict(json_schema_extra=remove_defaults)


def _moment_of(date: datetime, zone: ZoneInfo) -> datetime:
    return date.astimezone(UTC) if date.tzinfo else instant_of(date, zone)


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


AnsweredMoment = Annotated[
    datetime,
    PlainSerializer(_in_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class ReminderAnswer(WrittenContent):
    """Describes a stored reminder and its next notifications."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: UUID
    user_id: str
    date: AnsweredMoment
    is_recurring: bool
    rule: str | None
    time_zone: str
    except_dates: list[AnsweredMoment]
    notify_offset: int
    channel: NotifyType = "push"
    version: int
    next_date: AnsweredMoment | None = Field(
        description="next occurrence that the series announces"
    )
    next_dates: list[AnsweredMoment] = Field(
        description="next three occurrences that the series announces"
    )
    ended: bool = Field(description="true if nothing will be announced any more")
    snoozed_until: AnsweredMoment | None = Field(
        description="time at which the snoozed occurrence is announced"
    )
    acknowledged_through: AnsweredMoment | None = Field(
        description="occurrences up to this time were acknowledged, or were already in the past "
        "when the schedule started"
    )
    completed_at: AnsweredMoment | None
    created_at: AnsweredMoment
    updated_at: AnsweredMoment

    @classmethod
    def of(cls, reminder: Reminder, now: datetime) -> Self:
        next_dates, snoozed_until = reminder.next_dates(now, SHOWN_DATES), reminder.snoozed(now)
        next_date = next_dates[0] if next_dates else None
        values = {
            **vars(reminder),
            **dict(reminder.content),
            "next_date": next_date,
            "next_dates": next_dates,
            "ended": next_date is None and snoozed_until is None,
            "snoozed_until": snoozed_until,
        }
        return cls(**{name: values[name] for name in cls.model_fields})


class ReminderPage(CamelCase):
    """Contains one page of the caller's reminders."""

    model_config = ConfigDict(extra="forbid")

    items: list[ReminderAnswer]
    total: int = Field(ge=0, description="number of reminders of the user")
    next_cursor: str | None = Field(
        description="cursor of the next page; null after a page that is not full"
    )
    limit: int
    offset: int


class BulkRequest(BaseModel):
    """Creates several reminders; each one is accepted or rejected separately."""

    model_config = Body.model_config

    reminders: list[Any] = Field(
        min_length=1,
        max_length=LARGEST_BULK,
        description="bodies of `POST /reminders`",
        examples=[[EXAMPLE]],
    )


class BulkResult(BaseModel):
    """Contains the created reminder, or the problem that prevented it."""

    index: int
    status: int = Field(description="201, or the status of the problem")
    reminder: ReminderAnswer | None = None
    problem: ProblemBody | None = None


class BulkAnswer(BaseModel):
    """Lists the results in the order of the request."""

    created: int
    refused: int
    results: list[BulkResult]
