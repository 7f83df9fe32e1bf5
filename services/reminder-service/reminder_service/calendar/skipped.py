"""Reports the omitted parts of a file: by reason, or with the component that lacks them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_LINES_NAMED = 1_000  # per reason

REASONS: Mapping[str, str] = {
    "PAST": "The event or to-do is over: it has no occurrence more than a minute ahead.",
    "CANCELLED": "The event or to-do is cancelled.",
    "COMPLETED": "The to-do is completed.",
    "SUPERSEDED": "A newer version of the same event is in the file.",
    "OUTSIDE_CALENDAR": "The text is outside of BEGIN:VCALENDAR and END:VCALENDAR.",
    "UNREADABLE_LINE": "The line is not a content line of the form NAME:VALUE.",
    "UNDECODABLE_LINE": "The line does not decode in the charset of the file.",
    "LINE_TOO_LONG": "The line is longer than the limit; its text was cut.",
    "UNMATCHED_END": "The END has no BEGIN.",
    "UNSUPPORTED_COMPONENT": "The component is neither an event nor a to-do.",
}


@dataclass(frozen=True)
class Note:
    """Describes a part of a component that was changed or omitted."""

    line: int
    code: str
    detail: str


@dataclass
class Skipped:
    """Counts omitted parts by reason, and keeps their first lines."""

    _lines: dict[str, list[int]] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, line: int) -> None:
        lines = self._lines.setdefault(code, [])
        if len(lines) < MOST_LINES_NAMED:
            lines.append(line)
        self._counts[code] += 1

    def by_reason(self) -> list[dict[str, Any]]:
        """Return the members of the answer to the import, one item per reason."""
        return [
            {
                "code": code,
                "detail": REASONS[code],
                "count": count,
                "lines": sorted(self._lines[code]),
            }
            for code, count in self._counts.items()
        ]
