"""Parses the components of an iCalendar file into a tree of lines.

Values are parsed later, one property at a time, so that a wrong value rejects only its component.
The parser of the icalendar library builds the time zones of a file, whose size a hostile file can
multiply.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from icalendar.parser import Parameters
from service_runtime.problems import Problem

from reminder_service.calendar.content_lines import LONGEST_LINE, Line
from reminder_service.calendar.skipped import Skipped
from reminder_service.calendar.values import split_line, unescape

MOST_COMPONENTS = 10_000  # events and to-dos of a file
DEEPEST = 8  # levels of components
ENTRIES = ("VEVENT", "VTODO")
_CHILDREN = {
    "VCALENDAR": (*ENTRIES, "VTIMEZONE"),
    "VEVENT": ("VALARM",),
    "VTODO": ("VALARM",),
    "VTIMEZONE": ("STANDARD", "DAYLIGHT"),
}
# Some programs write names such as "(UTC+01:00) Paris" without the required quotation marks.
_UNQUOTED_TZID = re.compile(r';TZID=([^";]*:[^";]*):(\d{8}(?:T\d{6}Z?)?)$', re.IGNORECASE)


class Unreadable(Problem):
    """Reports a part of the file that cannot be read or is not supported."""

    def __init__(self, code: str, reason: str, line: int) -> None:
        super().__init__(422, code, f"Line {line}: {reason}")
        self.reason, self.line = reason, line


@dataclass(frozen=True)
class Property:
    line: Line

    @cached_property
    def _parts(self) -> tuple[Parameters, str]:
        if not self.line.is_whole:
            raise self.unreadable(f"the line is longer than {LONGEST_LINE} bytes")
        try:
            return split_line(_UNQUOTED_TZID.sub(r';TZID="\1":\2', self.line.text))
        except (ValueError, IndexError, KeyError) as error:
            raise self.unreadable(str(error)) from None

    @property
    def value(self) -> str:
        return self._parts[1].strip()

    def parameter(self, name: str) -> str:
        value = self._parts[0].get(name, "")
        return str(value if isinstance(value, str) else ",".join(map(str, value)))

    @property
    def text(self) -> str:
        """Return the value as TEXT, without escapes."""
        cut = Line(self.line.number, self.line.name, self.line.text)
        return unescape(Property(cut)._parts[1])

    def unreadable(self, reason: str) -> Unreadable:
        detail = f"{self.line.name} cannot be read: {reason}"[:300]
        return Unreadable("UNREADABLE_PROPERTY", detail, self.line.number)


@dataclass
class Part:
    """Represents a component with the lines that an import reads."""

    kind: str
    line: int
    parent: "Part | None" = None
    lines: dict[str, list[Line]] = field(default_factory=dict)
    children: list["Part"] = field(default_factory=list)
    is_closed: bool = False
    depth: int = 0

    def all(self, name: str) -> list[Property]:
        return [Property(line) for line in self.lines.get(name, ())]

    def first(self, name: str) -> Property | None:
        lines = self.lines.get(name)
        return Property(lines[0]) if lines else None

    def only(self, name: str) -> Property | None:
        """Return the property, which a component may have once, or None."""
        found = self.all(name)
        if len(found) > 1:
            raise found[1].unreadable(f"expected one {name}; got {len(found)}")
        return found[0] if found else None

    def text(self, name: str) -> str:
        found = self.first(name)
        return found.text if found else ""

    def of_kind(self, *kinds: str) -> Iterator["Part"]:
        return (child for child in self.children if child.kind in kinds)


def read_calendars(lines: Iterable[Line], skipped: Skipped) -> list[Part]:
    """Return the calendars of a file; raise a Problem without a calendar or for too many parts."""
    root = Part("", 0)
    top, count = root, 0
    for line in lines:
        if line.name == "BEGIN":
            top = _begin(top, _kind(line), line.number, skipped)
            count += top.kind in ENTRIES
            if top.depth > DEEPEST:
                raise _invalid(f"Line {line.number}: components nest deeper than {DEEPEST} levels.")
            if count > MOST_COMPONENTS:
                raise _invalid(
                    f"Expected at most {MOST_COMPONENTS} events and to-dos; split the file."
                )
        elif line.name == "END":
            top = _end(top, _kind(line), line.number, skipped)
        elif top is root:
            skipped.add("OUTSIDE_CALENDAR", line.number)
        else:
            top.lines.setdefault(line.name, []).append(line)
    if not root.children:
        raise _invalid("Line 1: expected BEGIN:VCALENDAR; the body contains no calendar.")
    return root.children


def _invalid(detail: str) -> Problem:
    return Problem(422, "INVALID_CALENDAR", detail)


def _kind(line: Line) -> str:
    return line.text.rpartition(":")[2].strip().upper()


def _begin(top: Part, kind: str, number: int, skipped: Skipped) -> Part:
    if kind in (*ENTRIES, "VCALENDAR"):  # the open component has no END
        top = _without_open_entry(top, kind)
    part = Part(kind, number, top, depth=top.depth + 1)
    if kind in _CHILDREN.get(top.kind, ()) or (not top.kind and kind == "VCALENDAR"):
        top.children.append(part)
    elif top.kind in ("VCALENDAR", ""):
        skipped.add("UNSUPPORTED_COMPONENT" if top.kind else "OUTSIDE_CALENDAR", number)
    return part


def _without_open_entry(top: Part, kind: str) -> Part:
    closed = (*ENTRIES, "VCALENDAR") if kind == "VCALENDAR" else ENTRIES
    part: Part | None = top
    outer = top
    while part is not None:
        if part.kind in closed and part.parent is not None:
            outer = part.parent
        part = part.parent
    return outer


def _end(top: Part, kind: str, number: int, skipped: Skipped) -> Part:
    part: Part | None = top
    while part is not None and part.kind != kind:
        part = part.parent
    if part is None or part.parent is None:
        skipped.add("UNMATCHED_END", number)
        return top
    part.is_closed = True
    return part.parent
