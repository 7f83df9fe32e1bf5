"""Groups the components of a file by UID: each series or single event with its overrides."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reminder_service.calendar.components import Unreadable
from reminder_service.calendar.entries import Entry
from reminder_service.calendar.identity import Identity, Key, Version
from reminder_service.calendar.skipped import Skipped


@dataclass(frozen=True)
class Event:
    """Groups a series or single event with the overrides of its occurrences."""

    uid: str
    master: Entry | None
    overrides: tuple[Entry, ...]

    @property
    def version(self) -> Version:
        """Return the version of the newest part: some programs raise only that of an override."""
        parts = [one for one in (self.master, *self.overrides) if one]
        versions = [one.identity.version for one in parts if one.identity]
        return max(versions, key=lambda version: version.place)


def group_events(entries: Iterable[Entry], skipped: Skipped) -> tuple[list[Event], list[Entry]]:
    """Return the events by UID with the newest version of each part, and parts without identity."""
    newest: dict[Key, Entry] = {}
    broken: list[Entry] = []
    for entry in entries:
        if entry.identity is None:
            broken.append(entry)
            continue
        other = newest.get(entry.identity.key)
        is_newer = not other or entry.identity.version.is_newer_than(identity_of(other).version)
        if other:
            skipped.add("SUPERSEDED", other.line if is_newer else entry.line)
        if is_newer:
            newest[entry.identity.key] = entry
    by_uid: dict[str, list[Entry]] = {}
    for (uid, _), entry in newest.items():
        by_uid.setdefault(uid, []).append(entry)
    unknown_dates = {entry.uid: entry for entry in broken if entry.is_override}
    return [_event(uid, parts, unknown_dates.get(uid)) for uid, parts in by_uid.items()], broken


def _event(uid: str, parts: list[Entry], broken: Entry | None) -> Event:
    masters = [part for part in parts if part.identity and part.identity.occurrence is None]
    overrides = tuple(part for part in parts if part not in masters)
    if broken and masters:
        detail = f"The override in line {broken.line} cannot be read, so its date is not known."
        outcome = Unreadable("UNREADABLE_OVERRIDE", detail, masters[0].line)
        masters = [replace(masters[0], outcome=outcome)]
    return Event(uid, masters[0] if masters else None, overrides)


def identity_of(entry: Entry) -> Identity:
    assert entry.identity is not None
    return entry.identity
