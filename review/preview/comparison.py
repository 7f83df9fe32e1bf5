"""Compares two plans of one stack."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from review.preview.plan import PlannedResource


@dataclass(frozen=True)
class Difference:
    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Change:
    kind: Literal["create", "change", "delete"]
    resource: PlannedResource
    differences: tuple[Difference, ...] = ()


def changes(before: Sequence[PlannedResource], after: Sequence[PlannedResource]) -> list[Change]:
    old, new = ({each.urn: each for each in plan} for plan in (before, after))
    found = [Change("delete", old[urn]) for urn in sorted(old.keys() - new.keys())]
    found += [Change("create", new[urn]) for urn in sorted(new.keys() - old.keys())]
    for urn in sorted(new.keys() & old.keys()):
        if different := tuple(differences(old[urn].inputs, new[urn].inputs)):
            found.append(Change("change", new[urn], different))
    return found


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{path}[{index}]")
    elif before != after:
        yield Difference(path, before, after)
