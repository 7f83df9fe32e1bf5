"""Reminders as an iCalendar over HTTP, out and in."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Body, Header, Response
from icalendar import Component
from service_runtime.identity import AnyCaller
from service_runtime.other_methods import refuse_other_methods
from service_runtime.problems import Problem, problem_responses
from starlette.responses import StreamingResponse

from reminder_service.bodies import BulkAnswer
from reminder_service.calendar_export import calendar_of
from reminder_service.calendar_import import body_of, components_of
from reminder_service.creation import Creation, make_many
from reminder_service.dependencies import IdempotencyKey, Now, Store, reminder_router
from reminder_service.reminders import Reminder
from reminder_service.store import Reminders

CALENDAR = "text/calendar"
BATCH = 500  # reminders, of some 300 bytes each
EXAMPLE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VEVENT
UID:plants@example.com
DTSTART:20300131T090000Z
SUMMARY:Water the plants
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""

router = reminder_router()


@router.get(
    "/calendar.ics",
    response_class=Response,
    responses={200: {"content": {CALENDAR: {"schema": {"type": "string"}}}}},
)
def export_calendar(caller: AnyCaller, store: Store, response: Response) -> Response:
    """Every reminder of the caller: one event with an alarm each."""
    zones = store.time_zones(caller.user_id)
    headers = {
        **response.headers,
        "Content-Disposition": 'attachment; filename="reminders.ics"',
    }
    pieces = calendar_of(zones, _batches(store, caller.user_id))
    return StreamingResponse(pieces, headers=headers, media_type=f"{CALENDAR}; charset=utf-8")


def _batches(store: Reminders, user_id: str) -> Iterator[list[Reminder]]:
    """Whoever reads slowly holds no more than one of them, and no connection to the database."""
    last: Reminder | None = None
    while batch := store.open_after(user_id, last, BATCH):
        yield batch
        last = batch[-1]


@router.post("/import", response_model=BulkAnswer, responses=problem_responses(409, 415))
def import_calendar(
    content: Annotated[bytes, Body(media_type=CALENDAR, examples=[EXAMPLE])],
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Up to 1,000 events and to-dos; each is created or refused by itself."""
    if content_type.partition(";")[0].strip().lower() != CALENDAR:
        detail = f"Expected the content type {CALENDAR}."
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", detail)
    creation = Creation(
        caller=caller,
        now=now,
        key=idempotency_key,
        operation="POST /reminders/import",
        text=content.decode(),
    )
    bodies = [_body(component) for component in components_of(content)]
    answer = creation.answer(store, lambda: make_many(bodies, caller, now))
    headers = {**response.headers, **answer.headers}
    return Response(answer.body, answer.status, headers, media_type="application/json")


refuse_other_methods(router, "/calendar.ics", "GET")
refuse_other_methods(router, "/import", "POST")


def _body(component: Component) -> dict[str, Any] | Problem:
    try:
        return body_of(component)
    except Exception as error:  # a hostile component fails in any way, and by itself
        known = isinstance(error, ValueError) and str(error)
        return Problem(422, "INVALID_COMPONENT", known or "The component cannot be read.")
