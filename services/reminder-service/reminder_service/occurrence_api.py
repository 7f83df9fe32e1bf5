"""Defines the HTTP API of occurrences: snooze, acknowledge and complete."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import Response
from pydantic import ConfigDict, Field, model_validator
from service_runtime.bodies import UNNAMED, Body, remove_defaults
from service_runtime.identity import AnyCaller
from service_runtime.preconditions import IfMatch, with_match
from service_runtime.problems import problem_responses

from reminder_service.bodies import ReminderAnswer
from reminder_service.dependencies import CHANGE_REFUSED, Now, Store, answered, reminder_router
from reminder_service.fields import Moment
from reminder_service.occurrences import (
    LONGEST_SNOOZE,
    acknowledge_reminder,
    complete_reminder,
    snooze_reminder,
)

router = reminder_router()


class Snooze(Body):
    """Sets the end of a snooze: `minutes` from now, or `until` a time."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["minutes"]}, {"required": ["until"]}]}
    )

    minutes: Annotated[int, Field(ge=1, le=LONGEST_SNOOZE // timedelta(minutes=1))] = UNNAMED
    until: Moment = UNNAMED

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("expected either minutes or until")
        return self

    def end(self, now: datetime) -> datetime:
        if "until" in self.model_fields_set:
            return self.until.astimezone(UTC)
        return now + timedelta(minutes=self.minutes)


class Acknowledgement(Body):
    """Names the occurrence to acknowledge; without one, all due occurrences are acknowledged."""

    model_config = ConfigDict(json_schema_extra=remove_defaults)

    occurrence: Annotated[Moment, Field(description="date of the occurrence")] = UNNAMED
    occurrence_id: Annotated[
        UUID,
        Field(strict=False, description="id of the occurrence in a push or in `notification:send`"),
    ] = UNNAMED

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if len(self.model_fields_set) > 1:
            raise ValueError("expected either occurrence or occurrenceId")
        return self

    def named(self) -> datetime | UUID | None:
        if "occurrence" in self.model_fields_set:
            return self.occurrence.astimezone(UTC)
        return self.occurrence_id if "occurrence_id" in self.model_fields_set else None


@router.post(
    "/{id}/snooze",
    summary="Snooze an occurrence",
    responses=CHANGE_REFUSED | problem_responses(409),
)
def snooze(
    id: UUID,
    snooze: Snooze,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """Announce the current occurrence later. The series does not move.

    The current occurrence is the last announced one, or the next one if that was acknowledged.
    """
    make = with_match(if_match, lambda current: snooze_reminder(current, snooze.end(now), now))
    return answered(store.change(caller.user_id, id, make, "snoozed"), response, now)


@router.post("/{id}/acknowledge", summary="Acknowledge occurrences", responses=CHANGE_REFUSED)
def acknowledge(
    id: UUID,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    acknowledgement: Acknowledgement | None = None,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """Mark an announced occurrence and all earlier ones as done. The series continues.

    Name the occurrence that the user saw: a later one may be due and not announced yet. Without
    a body, every due occurrence is done. Snoozes of done occurrences are cancelled.
    """
    named = acknowledgement.named() if acknowledgement else None
    make = with_match(if_match, lambda current: acknowledge_reminder(current, now, named))
    return answered(store.change(caller.user_id, id, make, "acknowledged"), response, now)


@router.post("/{id}/complete", summary="Complete a reminder", responses=CHANGE_REFUSED)
def complete(
    id: UUID,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """End the reminder. A change of its schedule opens it again."""
    make = with_match(if_match, lambda current: complete_reminder(current, now))
    return answered(store.change(caller.user_id, id, make, "completed"), response, now)
