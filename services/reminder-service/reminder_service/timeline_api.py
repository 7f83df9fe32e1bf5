"""The timeline of a reminder over HTTP."""

import logging
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from service_runtime.identity import AnyCaller
from service_runtime.other_methods import refuse_other_methods
from service_runtime.problems import Problem, problem_responses
from starlette.responses import JSONResponse

from reminder_service.bodies import AnsweredMoment
from reminder_service.dependencies import Limit, Store, reminder_router
from reminder_service.timeline import Timelines

logger = logging.getLogger(__name__)

router = reminder_router()


class TimelineEvent(BaseModel):
    """One event, from created to delivered."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    id: UUID
    type: str = Field(examples=["notification:delivered"])
    occurred_at: AnsweredMoment
    recorded_at: AnsweredMoment = Field(description="when the event store got to know it")
    reason: str | None = Field(description="why, if the event has a reason")
    change: str | None = Field(
        description="what the user did with an occurrence: snoozed, acknowledged or completed",
        examples=["snoozed"],
    )
    until: AnsweredMoment | None = Field(description="when what was snoozed is announced")
    data: dict[str, Any] = Field(description="as the schema of the type says")


class TimelineAnswer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    items: list[TimelineEvent] = Field(description="the newest last")
    next_cursor: UUID | None = Field(
        description="for the page that follows; null when there is none yet"
    )


def _timelines(request: Request) -> Timelines:
    return cast(Timelines, request.app.state.timelines)


@router.get("/{id}/events", responses=problem_responses(404))
def read_events(
    id: UUID,
    caller: AnyCaller,
    store: Store,
    timelines: Annotated[Timelines, Depends(_timelines)],
    limit: Limit = 20,
    cursor: Annotated[UUID | None, Query(description="nextCursor of the page before")] = None,
) -> TimelineAnswer:
    """What happened to the reminder within 90 days, also when it was deleted since."""
    page = timelines.page(caller.user_id, id, limit, cursor)
    if not page.events and not (cursor and timelines.page(caller.user_id, id, 1, None).events):
        store.find(caller.user_id, id)
    items = [_answered(event) for event in page.events]
    return TimelineAnswer(items=items, next_cursor=items[-1].id if page.more else None)


refuse_other_methods(router, "/{id}/events", "GET")


def answer_outage(request: Request, error: Exception) -> JSONResponse:
    """The event store could not be asked; its own words stay in the log."""
    reason = f"{type(error).__name__}: {error}"
    logger.warning("the event store does not answer", extra={"reason": reason})
    detail = "The event store does not answer; try again."
    return Problem(503, "UNAVAILABLE", detail, headers={"Retry-After": "1"}).response()


def _answered(event: dict[str, Any]) -> TimelineEvent:
    """With what its data tells of the occasion; those of earlier versions tell less."""
    told = {name: event["data"].get(name) for name in ("reason", "change", "until")}
    return TimelineEvent.model_validate({**event, **told})
