"""What the bodies of requests have in common."""

import json
from functools import cache
from importlib import resources
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

UNNAMED: Any = None  # of a field that a change need not name


class Body(BaseModel):
    """Takes exactly what it describes, by names in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _check_unicode(cls, body: Any) -> Any:
        """JSON can escape half of a surrogate pair, which no database and no answer can hold."""
        if not isinstance(body, dict):
            return body
        try:
            json.dumps(body, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            raise ValueError("a text has half of a surrogate pair") from None
        return body


def without_defaults(schema: dict[str, Any]) -> None:
    """For the schema of a change: what it does not name stays, whatever a new one would have."""
    for field in schema["properties"].values():
        field.pop("default", None)


@cache
def time_zone_names() -> frozenset[str]:
    """The zones and links of the IANA database that is installed with the service.

    The system's files have other names, too, which mean other times on other systems.
    """
    names = resources.files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}  # says that a clock's zone was not set


def checked_time_zone(name: str) -> str:
    if name not in time_zone_names():
        raise ValueError("expected an IANA time zone such as Europe/Paris")
    return name


TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, description="IANA name", examples=["Europe/Paris"]),
    AfterValidator(checked_time_zone),
]
