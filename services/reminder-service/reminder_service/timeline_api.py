"""Defines the HTTP API of timelines."""

import logging
from typing import Annotated, Any
from uuid import UUID

from event_messages.failures import describe
from fastapi import Query, Request
from pydantic import Field
from service_runtime.bodies import CamelCase
from service_runtime.identity import AnyCaller
from service_runtime.problems import Problem, problem_responses
from starlette.responses import JSONResponse

from reminder_service.bodies import AnsweredMoment
from reminder_service.dependencies import Limit, Store, from_state, reminder_router
from reminder_service.timeline import DynamoTimelines

logger = logging.getLogger(__name__)

router = reminder_router()


class TimelineEvent(CamelCase):
    """Describes one event."""

    id: UUID
    type: str = Field(examples=["notification:delivered"])
    occurred_at: AnsweredMoment
    recorded_at: AnsweredMoment = Field(description="time at which the event store recorded it")
    reason: str | None = Field(description="the reason, if the event has one")
    change: str | None = Field(
        description="the action of the user: `snoozed`, `acknowledged` or `completed`",
        examples=["snoozed"],
    )
    until: AnsweredMoment | None = Field(
        description="time at which the snoozed occurrence is announced"
    )
    data: dict[str, Any] = Field(description="the data of the event, by the schema of its type")


class TimelineAnswer(CamelCase):
    """Contains one page of the events of a reminder."""

    items: list[TimelineEvent] = Field(description="oldest first")
    next_cursor: UUID | None = Field(
        description="cursor of the next page; null if there is no next page yet"
    )


@router.get("/{id}/events", summary="Read the timeline", responses=problem_responses(403, 404))
def read_events(
    id: UUID,
    caller: AnyCaller,
    store: Store,
    timelines: Annotated[DynamoTimelines, from_state("timelines")],
    limit: Limit = 20,
    cursor: Annotated[UUID | None, Query(description="`nextCursor` of the previous page")] = None,
) -> TimelineAnswer:
    """List the events of a reminder of the last 90 days, also of a deleted one."""
    page = timelines.page(caller.user_id, id, limit, cursor)
    if not page.events and not (cursor and timelines.page(caller.user_id, id, 1, None).events):
        store.find(caller.user_id, id)
    items = [_answer(event) for event in page.events]
    return TimelineAnswer(items=items, next_cursor=items[-1].id if page.more else None)


def answer_outage(request: Request, error: Exception) -> JSONResponse:
    """Answer 503 if the event store does not answer; log its error."""
    logger.warning("the event store does not answer", extra={"reason": describe(error)})
    detail = "The event store does not answer; try again."
    return Problem(503, "UNAVAILABLE", detail, headers={"Retry-After": "1"}).response()


def _answer(event: dict[str, Any]) -> TimelineEvent:
    """Return the event with the optional members of its data."""
    optional = {name: event["data"].get(name) for name in ("reason", "change", "until")}
    return TimelineEvent.model_validate({**event, **optional})
