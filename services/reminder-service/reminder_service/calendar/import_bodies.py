"""Defines the answer to an import."""

from uuid import UUID

from pydantic import ConfigDict, Field
from service_runtime.bodies import CamelCase
from service_runtime.problems import ProblemBody

from reminder_service.bodies import ReminderAnswer
from reminder_service.calendar.plan import Outcome


class Answered(CamelCase):
    model_config = ConfigDict(extra="forbid")


class ImportNote(Answered):
    """Reports a part of an event or to-do that the import changed or omitted."""

    line: int
    code: str = Field(examples=["ALARM_PAST"])
    detail: str = Field(description="the changed or omitted part, and the reason")


class ImportResult(Answered):
    """Describes the outcome of one event or to-do."""

    index: int = Field(description="position among the events and to-dos of the file, from 0")
    line: int = Field(description="first line in the file")
    uid: str | None
    outcome: Outcome
    status: int = Field(
        description="201 created, 200 changed or unchanged, or the status of the problem"
    )
    reminder_id: UUID | None
    reminder: ReminderAnswer | None = Field(description="null unless it was created or changed")
    problem: ProblemBody | None
    notes: list[ImportNote]


class SkippedParts(Answered):
    """Counts the parts of the file that were omitted for one reason."""

    code: str = Field(examples=["PAST"])
    detail: str
    count: int
    lines: list[int] = Field(description="first lines of the first 1,000 parts")


class ImportAnswer(Answered):
    """Contains one result for each event and to-do that was not skipped, in the file's order."""

    created: int
    changed: int
    unchanged: int
    refused: int
    time_zone: str = Field(
        description="time zone of times without a zone, unless the file names another one"
    )
    results: list[ImportResult]
    skipped: list[SkippedParts]
