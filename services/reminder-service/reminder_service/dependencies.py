"""What the operations of the API are given, and what they have in common."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from service_runtime.headers import only_header
from service_runtime.preconditions import etag
from service_runtime.rate_limit import limited_router

from reminder_service import idempotency
from reminder_service.bodies import LARGEST_PAGE, ReminderAnswer
from reminder_service.reminders import Reminder
from reminder_service.store import Reminders

LARGEST_OFFSET = 2**31 - 1

Clock = Callable[[], datetime]


def _store(request: Request) -> Reminders:
    return cast(Reminders, request.app.state.reminders)


def _now(request: Request) -> datetime:
    return cast(datetime, request.app.state.clock())


def _idempotency_key(
    request: Request,
    described: Annotated[
        str | None,
        Header(
            alias=idempotency.NAME,
            description="repeats within a day with this key get the first answer",
        ),
    ] = None,
) -> str | None:
    key = only_header(request.headers, idempotency.NAME)
    idempotency.check_key(key)
    return key


Store = Annotated[Reminders, Depends(_store)]
Now = Annotated[datetime, Depends(_now)]
IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET)]


def reminder_router() -> APIRouter:
    return limited_router("reminders", prefix="/reminders")


def answered(reminder: Reminder, response: Response, now: datetime) -> ReminderAnswer:
    response.headers["ETag"] = etag(reminder.version)
    return ReminderAnswer.of(reminder, now)
