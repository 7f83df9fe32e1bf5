"""Reads the table of resource types; the policy pack contains it, because it is installed alone."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "policies" / "platform_policies" / "resource_types.toml"


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """Contains an entry of the table; the head of the table explains the fields."""

    tags: bool = False
    data: bool = False
    price: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    simulated: str | None = None
    id: str | None = None
    document: str | None = None
    terraform: Mapping[str, Any] | None = None
    cloudformation: Mapping[str, Any] | None = None


TYPES: Mapping[str, ResourceType] = {
    name: ResourceType(**entry)
    for name, entry in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()
}
