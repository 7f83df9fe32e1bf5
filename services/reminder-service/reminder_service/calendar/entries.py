"""Converts events and to-dos of a file into requests for reminders."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from service_runtime.problems import Problem
from service_runtime.recurrence import Series

from reminder_service.calendar.alarms import Alarm, Subject, read_alarms
from reminder_service.calendar.components import Part, Unreadable
from reminder_service.calendar.identity import LONGEST_UID, Identity, read_identity
from reminder_service.calendar.moments import IN_UTC, Moment, end_of, read_moment
from reminder_service.calendar.rules import moved_start, read_exceptions, read_rule
from reminder_service.calendar.skipped import Note
from reminder_service.calendar.texts import message_of, url_of
from reminder_service.calendar.zones import Zones
from reminder_service.reminders import SHORTEST_NOTICE


@dataclass(frozen=True)
class Request:
    """Describes the reminder of a component; `exceptions` may mean whole days."""

    series: Series
    exceptions: tuple[Moment, ...]
    is_day: bool
    offset: timedelta
    by_email: bool
    message: str
    url: str | None
    urgent: bool
    notes: tuple[Note, ...]

    @property
    def fields(self) -> dict[str, Any]:
        """Return the fields of a request to create a reminder; exceptions are added later."""
        return {
            "date": self.series.start.isoformat(),
            "message": self.message,
            "timeZone": self.series.time_zone,
            "rule": self.series.rule,
            "notifyOffset": self.offset // timedelta(minutes=1),
            "notifyType": "email" if self.by_email else "push",
            "url": self.url,
            "urgent": self.urgent,
        }


@dataclass(frozen=True)
class Over:
    """Marks a component that announces nothing: PAST, CANCELLED or COMPLETED."""

    code: str


@dataclass(frozen=True)
class Entry:
    """Represents a component of the file; `identity` is None if it cannot be read."""

    index: int
    line: int
    uid: str | None
    identity: Identity | None
    outcome: Request | Over | Problem
    is_override: bool = False


@dataclass(frozen=True)
class Reader:
    """Reads the components of one calendar for one user."""

    zones: Zones
    now: datetime
    all_day_at: time
    accepts_email: bool

    def read(self, index: int, part: Part) -> Entry:
        identity: Identity | None = None
        outcome: Request | Over | Problem
        try:
            if not part.is_closed:
                detail = f"Expected END:{part.kind}; the component is not complete."
                raise Unreadable("INCOMPLETE_COMPONENT", detail, part.line)
            identity = read_identity(part, self.zones)
            outcome = _end_of(part) or self._request(part, identity)
        except Unreadable as error:
            outcome = error
        except (ValueError, OverflowError, ArithmeticError) as error:
            detail = f"The component cannot be read: {error}"[:300]
            outcome = Unreadable("UNREADABLE_COMPONENT", detail, part.line)
        uid = identity.uid if identity else part.text("UID")[:LONGEST_UID] or None
        is_override = bool(part.first("RECURRENCE-ID"))
        return Entry(index, part.line, uid, identity, outcome, is_override)

    def _request(self, part: Part, identity: Identity) -> Request | Over:
        notes: list[Note] = []
        start = self._start(part)
        if identity.is_range:
            detail = "RANGE=THISANDFUTURE is not supported; the series ends before it."
            raise Unreadable("UNSUPPORTED_RANGE", detail, part.line)
        rule = None if identity.occurrence else read_rule(part, start, notes)
        about = self._date_of(part, start, rule)
        end = end_of(part, start, self.zones)
        subject = Subject(about, start, end, is_series=rule is not None)
        chosen = self._choose_series(part, subject, rule, notes)
        if chosen is None:
            return Over("PAST")
        series, alarm = chosen
        series = moved_start(series)
        return Request(
            series=series,
            exceptions=tuple(read_exceptions(part, series, self.zones, self.now, notes))
            if rule
            else (),
            is_day=about.is_day,
            offset=max(alarm.before, timedelta()),
            by_email=alarm.by_email,
            message=message_of(part, notes),
            url=url_of(part, notes),
            urgent=_word(part, "PRIORITY") == "1",
            notes=tuple(notes),
        )

    def _start(self, part: Part) -> Moment:
        names = ("DTSTART", "DUE") if part.kind == "VTODO" else ("DTSTART",)
        for name in names:
            if found := part.only(name):
                return read_moment(found, self.zones)
        expected = " or ".join(names)
        raise Unreadable("MISSING_DATE", f"Expected {expected}.", part.line)

    def _date_of(self, part: Part, start: Moment, rule: str | None) -> Moment:
        """Return the due time of a to-do, else its start; a series repeats its start."""
        due = part.only("DUE") if part.kind == "VTODO" and rule is None else None
        return read_moment(due, self.zones) if due else start

    def _choose_series(
        self, part: Part, subject: Subject, rule: str | None, notes: list[Note]
    ) -> tuple[Series, Alarm] | None:
        """Return the series with the earliest future alarm, or with its start."""
        alarms, left_out = read_alarms(part, subject)
        notes += left_out
        at_start = Alarm(self._default(subject, alarms), by_email=False, line=part.line)
        for alarm in (*alarms, at_start):
            series = self._series(subject.about, alarm, rule)
            if series.after(self.now + SHORTEST_NOTICE + max(alarm.before, timedelta())):
                notes += self._notes_on(part, alarms, alarm)
                return series, self._with_channel(alarm, notes)
        return None

    def _default(self, subject: Subject, alarms: list[Alarm]) -> timedelta:
        """Return the alarm of a whole day without an alarm, at the hour of the user's choice."""
        if not subject.about.is_day or alarms:
            return timedelta()
        at = datetime.combine(subject.about.local.date(), self.all_day_at)
        return subject.about.instant - subject.about.zone.instant(at)

    def _series(self, about: Moment, alarm: Alarm, rule: str | None) -> Series:
        after = min(alarm.before, timedelta())
        zone = about.zone.name
        if zone is None or (rule is None and about.zone is IN_UTC):
            zone = self.zones.own.name or self.zones.default  # a single time needs only a name
        return Series(about.instant - after, rule, zone)

    def _with_channel(self, alarm: Alarm, notes: list[Note]) -> Alarm:
        if not alarm.by_email or self.accepts_email:
            return alarm
        detail = "The alarm requests an e-mail, but no address is known; it is sent as a push."
        notes.append(Note(alarm.line, "NO_EMAIL_ADDRESS", detail))
        return replace(alarm, by_email=False)

    def _notes_on(self, part: Part, alarms: list[Alarm], chosen: Alarm) -> list[Note]:
        notes = [
            Note(alarm.line, "OTHER_ALARM", "The alarm is omitted; a reminder has one alarm.")
            for alarm in alarms
            if alarm is not chosen and chosen in alarms and alarms.index(alarm) > 0
        ]
        if alarms and alarms[0] is not chosen:
            detail = "The alarm is in the past; a later alarm or the start is used."
            notes.append(Note(alarms[0].line, "ALARM_PAST", detail))
        if found := part.first("X-MOZ-SNOOZE-TIME"):
            notes.append(Note(found.line.number, "SNOOZE_LEFT_OUT", "The snooze is omitted."))
        return notes


def _end_of(part: Part) -> Over | None:
    status = _word(part, "STATUS")
    if status == "CANCELLED" or (part.parent and _word(part.parent, "METHOD") == "CANCEL"):
        return Over("CANCELLED")
    is_done = status == "COMPLETED" or part.first("COMPLETED")
    if part.kind == "VTODO" and (is_done or _word(part, "PERCENT-COMPLETE") == "100"):
        return Over("COMPLETED")
    return None


def _word(part: Part, name: str) -> str:
    found = part.first(name)
    return found.value.upper() if found else ""
