"""Defines the common parts of request bodies."""

import re
from functools import cache
from importlib import resources
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

HALF_PAIR = re.compile("[\ud800-\udfff]")
# Control characters, and halves of surrogate pairs, which UTF-8 cannot encode
UNFIT_FOR_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

UNNAMED: Any = None  # default of a field that a change may omit


class Body(BaseModel):
    """Accepts exactly the fields that it declares, with names in camel case."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=False, extra="forbid", strict=True, frozen=True
    )

    @model_validator(mode="before")
    @classmethod
    def _check_unicode(cls, body: Any) -> Any:
        """Reject half of a surrogate pair: JSON can escape one, but UTF-8 cannot encode it."""
        if isinstance(body, dict) and has_half_pair(body):
            raise ValueError("Expected valid Unicode; a text has half of a surrogate pair.")
        return body


class CamelCase(BaseModel):
    """Uses names in camel case in JSON."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


def has_half_pair(value: Any) -> bool:
    """Return True if a key or a text in decoded JSON has half of a surrogate pair."""
    if isinstance(value, str):
        return not value.isascii() and HALF_PAIR.search(value) is not None
    if isinstance(value, dict):
        return any(map(has_half_pair, value)) or any(map(has_half_pair, value.values()))
    return isinstance(value, list) and any(map(has_half_pair, value))


def remove_defaults(schema: dict[str, Any]) -> None:
    """Remove the defaults from the schema of a change, where an omitted field stays unchanged."""
    for field in schema["properties"].values():
        field.pop("default", None)


@cache
def time_zone_names() -> frozenset[str]:
    """Return the zones and links of the IANA database that is installed with the service.

    The files of the operating system contain further names, whose meaning varies.
    """
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}  # the zone of a clock that nobody has set


def check_time_zone(name: str) -> str:
    if name not in time_zone_names():
        raise ValueError("Expected an IANA time zone such as Europe/Paris.")
    return name


def check_line(text: str) -> str:
    if match := UNFIT_FOR_LINE.search(text):
        raise ValueError(f"Expected one line without control characters; got {ord(match[0]):#04x}.")
    return text


Line = Annotated[str, AfterValidator(check_line)]
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, description="IANA name", examples=["Europe/Paris"]),
    AfterValidator(check_time_zone),
]
