"""The types of the fields of requests and answers, with their limits."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from service_runtime.plain_text import Line
from service_runtime.recurrence_rule import LONGEST_RULE, parts_of

from reminder_service.web_address import LONGEST_ADDRESS, checked_web_address

LONGEST_MESSAGE = 1_000  # characters
LONGEST_OFFSET = 525_600  # minutes: a year
MOST_EXCEPT_DATES = 100
YEARS = range(1970, 2200)

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def checked_text(text: str) -> str:
    if not text.strip():
        raise ValueError("something other than blanks is needed")
    return text


def moment(value: Any) -> datetime:
    """RFC 3339 with an offset; anything else is refused."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("expected an RFC 3339 time with an offset such as 2030-01-31T09:00:00Z")
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("the time does not exist in the calendar") from None
    if found.year not in YEARS:
        raise ValueError(f"the year must lie between {YEARS.start} and {YEARS.stop - 1}")
    return found


def checked_rule(rule: str) -> str:
    parts_of(rule)
    return rule.strip().upper().removeprefix("RRULE:")


Moment = Annotated[
    datetime,
    BeforeValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Field(description="RFC 3339, with an offset", examples=["2030-01-31T09:00:00+01:00"]),
]
Text = Annotated[
    Line,
    AfterValidator(checked_text),
    Field(
        min_length=1,
        max_length=LONGEST_MESSAGE,
        examples=["Water the plants"],
        json_schema_extra={"pattern": r"^[^\x00-\x1F\x7F-\x9F\u2028\u2029]+$"},
    ),
]
WebAddress = Annotated[
    str,
    AfterValidator(checked_web_address),
    Field(
        max_length=LONGEST_ADDRESS,
        description="http or https, with a public host",
        examples=["https://example.com/plants"],
        json_schema_extra={"format": "uri"},
    ),
]
Rule = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_RULE,
        description="RFC 5545 RRULE, without DTSTART",
        examples=["FREQ=WEEKLY;BYDAY=MO,WE"],
    ),
    AfterValidator(checked_rule),
]
ExceptDates = Annotated[
    list[Moment],
    Field(max_length=MOST_EXCEPT_DATES, description="occurrences to leave out"),
]
NotifyOffset = Annotated[int, Field(ge=0, le=LONGEST_OFFSET, description="minutes before the date")]
NotifyType = Literal["push", "email"]
