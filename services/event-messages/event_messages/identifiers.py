"""Creates identifiers: ordered by time for events, stable for occurrences."""

import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID, uuid5

_lock = threading.Lock()
_last_tick = 0


def uuid7() -> UUID:
    """Return a UUIDv7 that is greater than all earlier ones of this process."""
    return UUID(uuid7_texts(1)[0])


def uuid7_texts(count: int) -> list[str]:
    """Return `count` ascending UUIDv7 as texts, much faster than one by one."""
    first, random = _next_ticks(count), memoryview(os.urandom(8 * count)).cast("Q")
    return [_uuid7_text(first + at, number) for at, number in enumerate(random)]


def occurrence_id(notification_id: UUID, occurrence: datetime) -> UUID:
    """Return an id that is the same for every delivery of one occurrence (UUIDv5)."""
    return uuid5(notification_id, occurrence.astimezone(UTC).isoformat(timespec="microseconds"))


def _uuid7_text(tick: int, random: int) -> str:
    time, tail = f"{tick >> 12:012x}", f"{random & (1 << 62) - 1 | 1 << 63:016x}"
    return f"{time[:8]}-{time[8:]}-7{tick & 0xFFF:03x}-{tail[:4]}-{tail[4:]}"


def _next_ticks(count: int) -> int:
    """Reserve `count` unused ticks of 1/4096 milliseconds and return the first."""
    global _last_tick
    with _lock:
        first = max(_last_tick + 1, (time.time_ns() << 12) // 1_000_000)
        _last_tick = first + count - 1
        return first
