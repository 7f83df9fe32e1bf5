"""Defines the types and limits of fields in requests and answers."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from service_runtime.bodies import Line
from service_runtime.recurrence_rule import LONGEST_RULE, InvalidRule, normal_rule, rule_of

from reminder_service.web_address import LONGEST_ADDRESS, check_web_address

LONGEST_MESSAGE = 1_000  # characters
LONGEST_OFFSET = 525_600  # minutes: a year
MOST_EXCEPT_DATES = 500
YEARS = range(1970, 2200)

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(?P<offset>[Zz]|[+-]\d{2}:\d{2})?",
    re.ASCII,
)


def checked_text(text: str) -> str:
    if not text.strip():
        raise ValueError("Expected a text with at least one visible character.")
    return text


def moment(value: Any) -> datetime:
    """Parse an RFC 3339 time with an offset; raise ValueError for any other text."""
    found = moment_or_wall_clock(value)
    if found.tzinfo is None:
        raise ValueError("Expected an RFC 3339 time with an offset, such as 2030-01-31T09:00:00Z.")
    return found


def moment_or_wall_clock(value: Any) -> datetime:
    """Return an aware time of RFC 3339, or a naive one if the text has no offset."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        raise ValueError("Expected an RFC 3339 time, such as 2030-01-31T09:00:00Z.")
    try:
        found = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("Expected a time of the calendar; this one does not exist.") from None
    if found.year not in YEARS:
        raise ValueError(f"Expected a year from {YEARS.start} to {YEARS.stop - 1}.")
    return found


def checked_rule(rule: str) -> str:
    """Return the rule in normal spelling; raise ValueError with the wrong part."""
    try:
        rule_of(rule)
    except InvalidRule as error:
        reason = str(error).encode("ascii", "backslashreplace").decode()
        raise PydanticCustomError("invalid_rule", "{reason}", {"reason": reason}) from None
    return normal_rule(rule)


Moment = Annotated[
    datetime,
    BeforeValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Field(description="RFC 3339, with an offset", examples=["2030-01-31T09:00:00+01:00"]),
]
LocalMoment = Annotated[
    datetime,
    BeforeValidator(moment_or_wall_clock),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Field(
        description="RFC 3339; without an offset it is a time on the wall clock of `timeZone`, "
        "which the body must name",
        examples=["2030-01-31T09:00:00+01:00"],
    ),
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
    AfterValidator(check_web_address),
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
    list[LocalMoment],
    Field(max_length=MOST_EXCEPT_DATES, description="occurrences to leave out"),
]
NotifyOffset = Annotated[int, Field(ge=0, le=LONGEST_OFFSET, description="minutes before the date")]
