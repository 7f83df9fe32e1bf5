"""Imports an iCalendar file: reads it, plans the changes, and stores them."""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, time

from service_runtime.identity import Caller
from service_runtime.problems import Problem

from reminder_service.calendar.components import ENTRIES, Part, read_calendars
from reminder_service.calendar.content_lines import read_lines
from reminder_service.calendar.entries import Entry, Reader
from reminder_service.calendar.grouping import Event, group_events
from reminder_service.calendar.plan import Plan, Planner
from reminder_service.calendar.skipped import Skipped
from reminder_service.calendar.store import PostgresImports
from reminder_service.calendar.zone_definition import MOST_RULES
from reminder_service.calendar.zones import Zones
from reminder_service.creation import Budget
from reminder_service.errors import OutOfTime


@dataclass(frozen=True, kw_only=True)
class Import:
    """Represents one file of a user; `zone` is the default time zone of its times."""

    content: bytes
    charset: str | None
    caller: Caller
    now: datetime
    zone: str
    is_zone_requested: bool
    all_day_at: time
    skipped: Skipped = field(default_factory=Skipped)
    budget: Budget = field(default_factory=Budget)

    def read(self) -> tuple[list[Event], list[Entry]]:
        lines = read_lines(self.content, self.charset, self.skipped)
        calendars = read_calendars(lines, self.skipped)
        entries = list(self._entries(calendars))
        if not entries:
            detail = "Expected at least one event or to-do (VEVENT or VTODO); the file has none."
            raise Problem(422, "INVALID_CALENDAR", detail)
        return group_events(entries, self.skipped)

    def plan(self, imports: PostgresImports, events: list[Event], broken: Iterable[Entry]) -> Plan:
        imported = imports.find(self.caller.user_id, [event.uid for event in events])
        planner = Planner(self.caller, self.now, imported, deepcopy(self.skipped), self.budget)
        return planner.decide(events, list(broken))

    def _entries(self, calendars: Iterable[Part]) -> Iterator[Entry]:
        left, index = [MOST_RULES], 0
        for calendar in calendars:
            zones = Zones(calendar, self.zone, self.now.year, left, self.is_zone_requested)
            reader = Reader(zones, self.now, self.all_day_at, self.caller.email is not None)
            for part in calendar.of_kind(*ENTRIES):
                yield self._entry(reader, index, part)
                index += 1

    def _entry(self, reader: Reader, index: int, part: Part) -> Entry:
        try:
            self.budget.check()
        except OutOfTime as problem:
            return Entry(index, part.line, None, None, problem)
        return reader.read(index, part)
