"""Identifies components and their versions: UID, RECURRENCE-ID, SEQUENCE and DTSTAMP."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from reminder_service.calendar.components import Part, Unreadable
from reminder_service.calendar.moments import Moment, read_moment
from reminder_service.calendar.zones import Zones

LONGEST_UID = 255  # characters; longer UIDs are hashed
LARGEST_SEQUENCE = 2**31 - 1
_OF_THE_VERSION = ("DTSTAMP", "LAST-MODIFIED", "SEQUENCE")
_EARLIEST = datetime.min.replace(tzinfo=UTC)

Key = tuple[str, str]


@dataclass(frozen=True)
class Version:
    """Orders versions of a component by SEQUENCE, then by DTSTAMP."""

    sequence: int = 0
    stamp: datetime | None = None

    def is_newer_than(self, other: "Version") -> bool:
        if self.sequence != other.sequence:
            return self.sequence > other.sequence
        return self.stamp is None or other.stamp is None or self.stamp > other.stamp

    @property
    def place(self) -> tuple[int, datetime]:
        return self.sequence, self.stamp or _EARLIEST


@dataclass(frozen=True)
class Identity:
    """Identifies a component; `occurrence` is the one that an override changes, or None."""

    uid: str
    occurrence: Moment | None
    version: Version
    fingerprint: str  # of everything except the version
    is_range: bool = False  # True if it changes the occurrence and all later ones

    @property
    def key(self) -> Key:
        if self.occurrence is None:
            return self.uid, ""
        if self.occurrence.is_day:
            return self.uid, self.occurrence.local.date().isoformat()
        return self.uid, self.occurrence.instant.isoformat()


def read_identity(part: Part, zones: Zones) -> Identity:
    fingerprint = _fingerprint(part)
    changes = part.only("RECURRENCE-ID")
    return Identity(
        uid=_uid(part) or fingerprint,
        occurrence=read_moment(changes, zones) if changes else None,
        version=Version(_sequence(part), _stamp(part, zones)),
        fingerprint=fingerprint,
        is_range=bool(changes and changes.parameter("RANGE").upper() == "THISANDFUTURE"),
    )


def _uid(part: Part) -> str:
    uid = part.text("UID").replace("\0", "").strip()
    return uid if len(uid) <= LONGEST_UID else hashlib.sha256(uid.encode()).hexdigest()


def _sequence(part: Part) -> int:
    found = part.first("SEQUENCE")
    text = found.value if found else ""
    return min(int(text), LARGEST_SEQUENCE) if text.isascii() and text[:10].isdigit() else 0


def _stamp(part: Part, zones: Zones) -> datetime | None:
    found = part.first("DTSTAMP") or part.first("LAST-MODIFIED")
    try:
        return read_moment(found, zones).instant if found else None
    except Unreadable:
        return None


def _fingerprint(part: Part) -> str:
    texts = [
        line.text
        for each in (part, *part.children)
        for name, lines in each.lines.items()
        if name not in _OF_THE_VERSION
        for line in lines
    ]
    return hashlib.sha256("\n".join(texts).encode(errors="surrogatepass")).hexdigest()
