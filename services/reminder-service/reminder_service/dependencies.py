"""Provides the operations of the API with their common arguments."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from service_runtime.headers import InvalidHeader, only_header
from service_runtime.identity import AnyCaller
from service_runtime.preconditions import etag
from service_runtime.problems import problem_responses
from service_runtime.rate_limit import limited_router

from reminder_service import idempotency
from reminder_service.bodies import LARGEST_PAGE, ReminderAnswer
from reminder_service.errors import InvalidCursor
from reminder_service.reminders import Reminder
from reminder_service.store import Place, PostgresReminders
from reminder_service.time_zones import zone_of_user

CHANGE_REFUSED = problem_responses(403, 404, 412)  # answers to a refused change
LARGEST_OFFSET = 2**31 - 1

Clock = Callable[[], datetime]


def from_state(name: str) -> Any:
    """Return a dependency on a part of the application."""

    def find(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(find)


def _now(request: Request) -> datetime:
    return cast(datetime, request.app.state.clock())


def _idempotency_key(
    request: Request,
    described: Annotated[
        str | None,
        Header(
            alias=idempotency.NAME,
            description="A repeated request with this key gets the first response for a day.",
        ),
    ] = None,
) -> str | None:
    key = only_header(request.headers, idempotency.NAME)
    if key is not None and not idempotency.KEY.fullmatch(key):
        raise InvalidHeader(f"Expected 1 to 255 printable ASCII characters in {idempotency.NAME}.")
    return key


def _user_zone(request: Request, caller: AnyCaller) -> Callable[[], str]:
    """Return a function that looks up the user's time zone; few requests need it."""
    state = request.app.state
    return cache(lambda: zone_of_user(caller, state.zones, state.reminders.latest_time_zone))


Store = Annotated[PostgresReminders, from_state("reminders")]
UserZone = Annotated[Callable[[], str], Depends(_user_zone)]
Now = Annotated[datetime, Depends(_now)]
IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]


def _place(
    cursor: Annotated[
        str | None, Query(max_length=200, description="`nextCursor` of the previous page")
    ] = None,
) -> Place | None:
    if cursor is None:
        return None
    try:
        date, id = base64.urlsafe_b64decode(cursor).decode("ascii").split("/")
        return datetime.fromisoformat(date), UUID(id)
    except ValueError:
        raise InvalidCursor from None


Cursor = Annotated[Place | None, Depends(_place)]


def cursor_of(reminder: Reminder) -> str:
    """Return the position at which the next page starts."""
    place = f"{reminder.date.astimezone(UTC).isoformat()}/{reminder.id}"
    return base64.urlsafe_b64encode(place.encode()).decode()


def reminder_router() -> APIRouter:
    return limited_router("reminders", prefix="/reminders")


def sent(answer: idempotency.KeyedAnswer, response: Response) -> Response:
    """Return a response with the answer, and with the headers of the rate limit."""
    headers = {**response.headers, **answer.headers}
    return Response(answer.body, answer.status, headers, media_type="application/json")


def answered(reminder: Reminder, response: Response, now: datetime) -> ReminderAnswer:
    response.headers["ETag"] = etag(reminder.version)
    return ReminderAnswer.of(reminder, now)
