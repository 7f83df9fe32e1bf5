"""Converts properties to the text attributes of SNS and SQS, and back."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from plugins.values import Properties


@dataclass(frozen=True)
class Attribute:
    """Describes the attribute of a property: its name and the type of its value."""

    name: str
    kind: type = str

    def text(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Mapping):
            return json.dumps(value)
        return "" if value is None else str(value)

    def value(self, text: Any) -> Any:
        if self.kind is bool:
            return str(text).lower() == "true"
        if self.kind is int:
            return int(text)
        return text if isinstance(text, str) else json.dumps(text)


Table = Mapping[str, Attribute]


def to_attributes(
    table: Table, properties: Properties, names: Collection[str] | None = None
) -> dict[str, str]:
    """Return the attributes with a value, or those of `names`."""
    wanted = [name for name in table if properties.get(name) is not None]
    if names is not None:
        wanted = [name for name in table if name in names]
    return {table[name].name: table[name].text(properties.get(name)) for name in wanted}


def to_properties(table: Table, attributes: Mapping[str, Any]) -> Properties:
    return {
        name: attribute.value(attributes[attribute.name])
        for name, attribute in table.items()
        if attributes.get(attribute.name) not in (None, "")
    }
