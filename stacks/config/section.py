"""Defines the base of all sections of a stack's configuration."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        strict=True,
        validate_by_alias=True,
        validate_by_name=True,
    )


class DefaultTags(Section):
    """Contains the tags that the AWS provider adds to every resource."""

    tags: dict[str, str] = Field(default_factory=dict)
