"""Represents a resource for the rules: type, name and declared properties."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


class Unknown:
    """Marks a value that is known only after `up`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class NotYetKnown(Exception):
    """Reports that a rule needs an unknown value; the rule is applied again after `up`."""


def at(place: Any, path: str) -> Any:
    """Return the value at a dotted path, or None."""
    for step in path.split("."):
        if isinstance(place, Mapping):
            place = place.get(step)
        elif isinstance(place, list) and place:
            place = at(place[0], step)  # single blocks are lists
        else:
            return None
        if place is UNKNOWN:
            raise NotYetKnown(path)
    return place


@dataclass(frozen=True, kw_only=True)
class Resource:
    type: str
    name: str
    properties: Mapping[str, Any]
    own_images: Collection[str] = ()  # tags of images that the stack builds; `up` adds digests
    protect: bool = True  # True if the engine refuses to delete or replace it

    def at(self, path: str) -> Any:
        return at(self.properties, path)

    def has(self, path: str) -> bool:
        """Return True if the property is declared, even with an unknown value."""
        try:
            return self.at(path) not in (None, "", [], {})
        except NotYetKnown:
            return True

    def document(self, path: str) -> Any:
        """Return the content of a JSON text, or None."""
        text = self.at(path)
        return json.loads(text) if isinstance(text, str) and text else text

    def list_at(self, path: str) -> list[Any]:
        value = self.at(path)
        if value is None:
            return []
        items = value if isinstance(value, list) else [value]
        if any(item is UNKNOWN for item in items):
            raise NotYetKnown(path)
        return items

    @property
    def tags(self) -> Mapping[str, Any]:
        return {**(self.at("tags") or {}), **(self.at("tagsAll") or {})}

    @property
    def is_disposable(self) -> bool:
        """Return True for environments whose data may be lost."""
        return self.tags.get("environment") in DISPOSABLE

    @property
    def is_unlocked(self) -> bool:
        """Return True if the resource is unlocked today."""
        return str(self.tags.get(UNLOCKED, "")) >= datetime.now(UTC).date().isoformat()


UNLOCKED = "unlocked-until"  # tag with a day such as 2026-12-31
DISPOSABLE = ("local", "development")
