"""Defines the HTTP API of calendar exports: for the caller, or at a secret address."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from service_runtime.identity import AnyCaller
from service_runtime.problems import COMMON_PROBLEMS, Problem, problem_responses
from service_runtime.rate_limit import take
from starlette.responses import StreamingResponse

from reminder_service.calendar.export import calendar_of
from reminder_service.calendar.subscriptions import PostgresSubscriptions, hash_of, new_token
from reminder_service.dependencies import Now, Store, from_state, reminder_router
from reminder_service.reminders import Reminder
from reminder_service.store import PostgresReminders

CALENDAR = "text/calendar"
BATCH = 500  # reminders of about 300 bytes
_DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {"content": {CALENDAR: {"schema": {"type": "string"}}}}
}

router = reminder_router()
public_router = APIRouter(prefix="/reminders", tags=["reminders"], responses=COMMON_PROBLEMS)


class Subscription(BaseModel):
    """Describes a secret address that needs no further headers."""

    url: str = Field(
        description="relative to the address of the API; shown only once",
        examples=["/reminders/calendars/kR0f…Q.ics"],
    )


StoredSubscriptions = Annotated[PostgresSubscriptions, from_state("subscriptions")]


@router.get(
    "/calendar.ics",
    summary="Export a calendar",
    response_class=Response,
    responses=_DESCRIBED,
)
def export_calendar(caller: AnyCaller, store: Store, response: Response) -> Response:
    """Return the open reminders of the caller as iCalendar events with an alarm each."""
    return _export(store, caller.user_id, response.headers)


@router.post("/calendar-subscription", summary="Subscribe to the calendar", status_code=201)
def subscribe(caller: AnyCaller, subscriptions: StoredSubscriptions, now: Now) -> Subscription:
    """Create a secret address of the caller's calendar. An earlier address becomes invalid."""
    token = new_token()
    subscriptions.put(caller.user_id, hash_of(token), now)
    return Subscription(url=f"/reminders/calendars/{token}.ics")


@router.delete("/calendar-subscription", summary="Revoke the subscription", status_code=204)
def unsubscribe(caller: AnyCaller, subscriptions: StoredSubscriptions) -> None:
    """Revoke the secret address of the caller's calendar."""
    subscriptions.remove(caller.user_id)


@public_router.get(
    "/calendars/{token}.ics",
    summary="Read a subscribed calendar",
    response_class=Response,
    responses={**_DESCRIBED, **problem_responses(404, 429)},
)
def read_subscription(
    token: Annotated[str, Path(min_length=1, max_length=100)],
    request: Request,
    store: Store,
    subscriptions: StoredSubscriptions,
) -> Response:
    """Return a user's open reminders as a calendar; only the secret address names the user."""
    secret = hash_of(token)
    user_id = subscriptions.user_of(secret)
    if user_id is None:
        raise Problem(404, "MISSING_SUBSCRIPTION", "No calendar has this address; create one.")
    return _export(store, user_id, take(request, secret.hex()).headers)


def _export(store: PostgresReminders, user_id: str, headers: Mapping[str, str]) -> Response:
    pieces = calendar_of(store.time_zones(user_id), _batches(store, user_id))
    disposition = {"Content-Disposition": 'attachment; filename="reminders.ics"'}
    media_type = f"{CALENDAR}; charset=utf-8"
    return StreamingResponse(pieces, headers={**headers, **disposition}, media_type=media_type)


def _batches(store: PostgresReminders, user_id: str) -> Iterator[list[Reminder]]:
    """Yield the reminders in batches, so that a slow reader holds one batch and no connection."""
    last: Reminder | None = None
    while batch := store.open_after(user_id, last, BATCH):
        yield batch
        last = batch[-1]
