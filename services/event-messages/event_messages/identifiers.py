"""Identifiers: ordered by time for events, stable for occurrences."""

import secrets
import threading
import time
from datetime import UTC, datetime
from uuid import UUID, uuid5

_lock = threading.Lock()
_last_tick = 0


def uuid7() -> UUID:
    """A UUIDv7 greater than every one that this process made before."""
    tick = _next_tick()
    milliseconds, fraction = tick >> 12, tick & 0xFFF
    random = secrets.randbits(62)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random)


def occurrence_id(notification_id: UUID, occurrence: datetime) -> UUID:
    """The same for every delivery of one occurrence, whenever it is delivered."""
    return uuid5(notification_id, occurrence.astimezone(UTC).isoformat(timespec="microseconds"))


def _next_tick() -> int:
    """Time in 1/4096 milliseconds, never the same twice."""
    global _last_tick
    with _lock:
        _last_tick = max(_last_tick + 1, (time.time_ns() << 12) // 1_000_000)
        return _last_tick
