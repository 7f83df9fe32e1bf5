"""A resource as the rules see it: its type, its name and what was declared."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


class Unknown:
    """Stands for a value that exists only after `up`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class NotYetKnown(Exception):
    """A rule needs a value that exists only after `up`; it is asked again then."""


def at(place: Any, path: str) -> Any:
    """The value at a dotted path; None where nothing was declared."""
    for step in path.split("."):
        if isinstance(place, Mapping):
            place = place.get(step)
        elif isinstance(place, list) and place:
            place = at(place[0], step)  # blocks of which there is at most one come as a list
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
    own_images: Collection[str] = ()  # tags of what the stack builds; digests come with `up`
    protect: bool = True  # whether the engine refuses to delete or replace it

    def at(self, path: str) -> Any:
        return at(self.properties, path)

    def has(self, path: str) -> bool:
        """Whether something is declared there, be it known yet or not."""
        try:
            return self.at(path) not in (None, "", [], {})
        except NotYetKnown:
            return True

    def document(self, path: str) -> Any:
        """What a JSON text holds; None where there is none."""
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
        """Of an environment whose data may be lost."""
        return self.tags.get("environment") in DISPOSABLE

    @property
    def is_unlocked(self) -> bool:
        """Whether it may go, up to a day that its configuration names."""
        return str(self.tags.get(UNLOCKED, "")) >= datetime.now(UTC).date().isoformat()


UNLOCKED = "unlocked-until"  # a tag; its value is a day, written as 2026-12-31
DISPOSABLE = ("local", "development")
