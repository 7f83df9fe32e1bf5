"""Defines the HTTP API of calendar imports."""

import hashlib
from collections.abc import Callable
from datetime import datetime, time
from email.message import Message
from functools import partial
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response
from service_runtime.bodies import TimeZone
from service_runtime.identity import AnyCaller
from service_runtime.problems import Problem, problem_responses
from service_runtime.rate_limit import charge

from reminder_service.bodies import ReminderAnswer
from reminder_service.calendar.import_bodies import (
    ImportAnswer,
    ImportNote,
    ImportResult,
    SkippedParts,
)
from reminder_service.calendar.importing import Import
from reminder_service.calendar.plan import Plan, Result
from reminder_service.calendar.store import ImportChanged, PostgresImports
from reminder_service.dependencies import (
    IdempotencyKey,
    Now,
    Store,
    UserZone,
    from_state,
    reminder_router,
    sent,
)
from reminder_service.idempotency import KeyedAnswer, fingerprint
from reminder_service.store import PostgresReminders

CALENDAR = "text/calendar"
MEDIA_TYPES = (CALENDAR, "application/octet-stream")
ATTEMPTS = 3
EXAMPLE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VEVENT
UID:plants@example.com
DTSTART:20300331T090000Z
SUMMARY:Water the plants
RRULE:FREQ=WEEKLY
END:VEVENT
END:VCALENDAR
"""
_STATUSES = {"created": 201, "changed": 200, "unchanged": 200}
_BODY = {
    "required": True,
    "content": {
        CALENDAR: {"schema": {"type": "string"}, "examples": {"event": {"value": EXAMPLE}}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}

router = reminder_router()


async def _content(request: Request) -> bytes:
    return await request.body()


def _all_day_at(
    all_day_at: Annotated[
        str,
        Query(
            alias="allDayAt",
            pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
            description="time at which whole days without an alarm are announced",
        ),
    ] = "09:00",
) -> time:
    return time.fromisoformat(all_day_at)


@router.post(
    "/import",
    summary="Import a calendar",
    response_model=ImportAnswer,
    responses=problem_responses(409, 415),
    openapi_extra={"requestBody": _BODY},
)
def import_calendar(
    request: Request,
    content: Annotated[bytes, Depends(_content)],
    caller: AnyCaller,
    store: Store,
    imports: Annotated[PostgresImports, from_state("imports")],
    now: Now,
    response: Response,
    user_zone: UserZone,
    all_day_at: Annotated[time, Depends(_all_day_at)],
    time_zone: Annotated[TimeZone | None, Query(alias="timeZone")] = None,
    idempotency_key: IdempotencyKey = None,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Create or update reminders from the events and to-dos of an iCalendar file.

    Import a file again to apply its changes. Each written reminder counts as a request in the
    rate limit.
    """
    charset = _charset(content_type)
    zone = time_zone or user_zone()
    file = Import(
        content=content,
        charset=charset,
        caller=caller,
        now=now,
        zone=zone,
        is_zone_requested=time_zone is not None,
        all_day_at=all_day_at,
    )
    options = f"{charset} {time_zone} {all_day_at}"
    pay = partial(charge, request, caller)
    return sent(_import(file, store, imports, idempotency_key, options, pay), response)


def _charset(content_type: str) -> str | None:
    header = Message()
    header["Content-Type"] = content_type
    if not content_type or header.get_content_type() not in MEDIA_TYPES:
        detail = f"Expected the content type {' or '.join(MEDIA_TYPES)}; got {content_type[:80]!r}."
        raise Problem(415, "UNSUPPORTED_MEDIA_TYPE", detail)
    return header.get_content_charset()


def _import(
    file: Import,
    store: PostgresReminders,
    imports: PostgresImports,
    key: str | None,
    options: str,
    pay: Callable[[int], None],
) -> KeyedAnswer:
    """Import the file and charge for it; a repeated key returns the first answer."""
    mark = fingerprint(
        "POST /reminders/import", f"{options} {hashlib.sha256(file.content).hexdigest()}"
    )
    if key and (earlier := store.answered(file.caller.user_id, key, file.now)):
        return earlier.repeated_for(mark)
    events, broken = file.read()
    for _ in range(ATTEMPTS):
        plan = file.plan(imports, events, broken)
        answer = KeyedAnswer(
            user_id=file.caller.user_id,
            key=key or "",
            fingerprint=mark,
            status=200,
            body=_answer(plan, file).model_dump_json(by_alias=True),
            answered_at=file.now,
        )
        try:
            earlier = imports.save(file.caller.user_id, plan.writes, answer if key else None)
        except ImportChanged:
            continue
        if earlier is None:
            pay(max(0, len(plan.writes) - 1))
        return earlier or answer
    detail = "Another request changes the reminders of this file; send the request again."
    raise Problem(409, "CHANGED_MEANWHILE", detail)


def _answer(plan: Plan, file: Import) -> ImportAnswer:
    outcomes = [result.outcome for result in plan.results]
    return ImportAnswer(
        created=outcomes.count("created"),
        changed=outcomes.count("changed"),
        unchanged=outcomes.count("unchanged"),
        refused=outcomes.count("refused"),
        time_zone=file.zone,
        results=[_result(result, file.now) for result in plan.results],
        skipped=[SkippedParts.model_validate(one) for one in plan.skipped.by_reason()],
    )


def _result(result: Result, now: datetime) -> ImportResult:
    reminder = result.reminder
    is_written = reminder is not None and result.outcome != "unchanged"
    return ImportResult(
        index=result.index,
        line=result.line,
        uid=result.uid,
        outcome=result.outcome,
        status=result.problem.status if result.problem else _STATUSES[result.outcome],
        reminder_id=reminder.id if reminder else None,
        reminder=ReminderAnswer.of(reminder, now) if reminder and is_written else None,
        problem=result.problem.body() if result.problem else None,
        notes=[ImportNote.model_validate(note) for note in result.notes],
    )
