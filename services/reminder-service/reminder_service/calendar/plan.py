"""Plans an import: which reminders it creates, changes, keeps or rejects."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from event_messages.identifiers import uuid7
from pydantic import ValidationError
from service_runtime.identity import Caller
from service_runtime.problems import Problem, validation_problem
from service_runtime.recurrence import Series

from reminder_service.bodies import NewReminder
from reminder_service.calendar.entries import Entry, Over, Request
from reminder_service.calendar.grouping import Event, identity_of
from reminder_service.calendar.identity import Key, Version
from reminder_service.calendar.moments import Moment
from reminder_service.calendar.rules import end_before, occurrences_at
from reminder_service.calendar.skipped import Note, Skipped
from reminder_service.calendar.store import Mark, MarkedReminder, Write
from reminder_service.creation import Budget
from reminder_service.errors import InvalidDueDate
from reminder_service.fields import MOST_EXCEPT_DATES
from reminder_service.occurrences import complete_reminder
from reminder_service.reminders import Reminder, changed_reminder, new_reminder

MOST_WRITTEN = 1_000  # reminders of an import
Outcome = Literal["created", "changed", "unchanged", "refused"]


@dataclass(frozen=True)
class Result:
    index: int
    line: int
    uid: str | None
    outcome: Outcome
    reminder: Reminder | None = None
    problem: Problem | None = None
    notes: tuple[Note, ...] = ()


@dataclass
class Plan:
    skipped: Skipped
    writes: list[Write] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


@dataclass
class Planner:
    """Decides on each event of a file, based on earlier imports."""

    caller: Caller
    now: datetime
    imported: Mapping[Key, MarkedReminder]
    skipped: Skipped
    budget: Budget
    plan: Plan = field(init=False)

    def __post_init__(self) -> None:
        self.plan = Plan(self.skipped)

    def decide(self, events: Sequence[Event], broken: Sequence[Entry]) -> Plan:
        for entry in broken:
            assert isinstance(entry.outcome, Problem)
            self._refuse(entry, entry.outcome)
        for event in events:
            for entry, version in self._parts(event):
                try:
                    self._decide(entry, version, event)
                except Problem as problem:
                    self._refuse(entry, problem)
            if event.master is None:
                self._leave_out_of_imported(event)
        self.plan.results.sort(key=lambda result: result.index)
        return self.plan

    def _parts(self, event: Event) -> list[tuple[Entry, Version]]:
        master = [(event.master, event.version)] if event.master else []
        return [*master, *((one, identity_of(one).version) for one in event.overrides)]

    def _decide(self, entry: Entry, version: Version, event: Event) -> None:
        earlier = self.imported.get(identity_of(entry).key)
        mark = Mark(identity_of(entry).key, version, _fingerprint(entry, event))
        if earlier and not _is_news(mark, earlier.mark):
            self._add(entry, "unchanged", earlier.reminder)
        elif isinstance(entry.outcome, Over):
            self._end(entry, earlier, mark, entry.outcome.code)
        elif isinstance(entry.outcome, Request):
            try:
                self._write(entry, earlier, mark, entry.outcome, event)
            except InvalidDueDate:  # exceptions leave no occurrence
                self._end(entry, earlier, mark, "PAST")
        else:
            self._refuse(entry, entry.outcome)

    def _end(self, entry: Entry, earlier: MarkedReminder | None, mark: Mark, code: str) -> None:
        """End the announcements of an event that is over."""
        if earlier is None or earlier.reminder.next_date(self.now) is None:
            self.skipped.add(code, entry.line)
            return
        reminder = complete_reminder(earlier.reminder, self.now)
        self.plan.writes.append(Write(reminder, mark, earlier.reminder))
        self._add(entry, "changed", reminder)

    def _write(
        self,
        entry: Entry,
        earlier: MarkedReminder | None,
        mark: Mark,
        request: Request,
        event: Event,
    ) -> None:
        self.budget.check()
        if len(self.plan.writes) >= MOST_WRITTEN:
            detail = f"An import writes at most {MOST_WRITTEN} reminders; send the file again."
            raise Problem(422, "TOO_MANY_COMPONENTS", detail)
        named = self._fields(request, event if entry is event.master else None)
        if earlier is None:
            reminder = new_reminder(uuid7(), named, self.caller, self.now)
        else:
            reminder = changed_reminder(earlier.reminder, named, self.caller, self.now)
        self.plan.writes.append(Write(reminder, mark, earlier.reminder if earlier else None))
        self._add(entry, "changed" if earlier else "created", reminder, notes=request.notes)

    def _fields(self, request: Request, event: Event | None) -> dict[str, Any]:
        """Return the fields of the reminder, as in a request to the API."""
        fields, rule = request.fields, request.series.rule
        if rule:
            overrides = [identity_of(one) for one in event.overrides] if event else []
            for one in overrides:
                if one.is_range and one.occurrence:
                    fields["rule"] = end_before(rule, one.occurrence.instant)
            moments = [*request.exceptions, *(one.occurrence for one in overrides)]
            dates = self._dates(request.series, moments, is_day=request.is_day)
            fields["exceptDates"] = [date.isoformat() for date in dates]
        try:
            named = NewReminder.model_validate(fields).named()
        except ValidationError as error:
            raise validation_problem(error.errors()) from None
        left = replace(request.series, except_dates=named.get("except_dates", ()))
        if left.after(self.now) is None:
            raise InvalidDueDate
        return {**named, "is_recurring": rule is not None}

    def _dates(
        self, series: Series, moments: Iterable[Moment | None], *, is_day: bool
    ) -> list[datetime]:
        """Return the future occurrences that exceptions and overrides name."""
        coming = [one for one in moments if one and one.instant > self.now - timedelta(days=1)]
        if len(coming) > MOST_EXCEPT_DATES:
            detail = (
                f"Expected at most {MOST_EXCEPT_DATES} exceptions of a series; got {len(coming)}."
            )
            raise Problem(422, "TOO_MANY_EXCEPTIONS", detail)
        found = {one for moment in coming for one in occurrences_at(series, moment, is_day=is_day)}
        return sorted(one for one in found if one > self.now)

    def _leave_out_of_imported(self, event: Event) -> None:
        """Exclude the date of an override from a series of an earlier file."""
        earlier = self.imported.get((event.uid, ""))
        if earlier is None or earlier.reminder.rule is None:
            return
        reminder, series = earlier.reminder, replace(earlier.reminder.series, except_dates=())
        moments = [identity_of(one).occurrence for one in event.overrides]
        dates = {*reminder.except_dates, *self._dates(series, moments, is_day=False)}
        if dates == set(reminder.except_dates):
            return
        named = {"except_dates": tuple(sorted(dates))}
        try:
            changed = changed_reminder(reminder, named, self.caller, self.now)
        except InvalidDueDate:
            changed = complete_reminder(reminder, self.now)
        self.plan.writes.append(Write(changed, earlier.mark, reminder))

    def _refuse(self, entry: Entry, problem: Problem) -> None:
        self._add(entry, "refused", problem=problem)

    def _add(
        self,
        entry: Entry,
        outcome: Outcome,
        reminder: Reminder | None = None,
        *,
        problem: Problem | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        self.plan.results.append(
            Result(entry.index, entry.line, entry.uid, outcome, reminder, problem, notes)
        )


def _is_news(mark: Mark, earlier: Mark) -> bool:
    return mark.fingerprint != earlier.fingerprint and mark.version.is_newer_than(earlier.version)


def _fingerprint(entry: Entry, event: Event) -> str:
    """Return the fingerprint; that of a series includes the occurrences of its overrides."""
    own = identity_of(entry).fingerprint
    if entry is not event.master or not event.overrides:
        return own
    texts = [own, *sorted(identity_of(one).key[1] for one in event.overrides)]
    return hashlib.sha256(" ".join(texts).encode()).hexdigest()
