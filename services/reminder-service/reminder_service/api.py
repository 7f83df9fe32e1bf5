"""The HTTP API of reminders."""

import json
from datetime import UTC, datetime
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Response
from service_runtime.api import create_api
from service_runtime.identity import AnyCaller, Identity
from service_runtime.other_methods import refuse_other_methods
from service_runtime.preconditions import IfMatch
from service_runtime.probes import Check
from service_runtime.problems import problem_responses
from service_runtime.rate_limit import Buckets

from reminder_service import calendar_api, occurrence_api, timeline_api
from reminder_service.bodies import (
    BulkAnswer,
    BulkRequest,
    NewReminder,
    ReminderAnswer,
    ReminderChange,
    ReminderPage,
)
from reminder_service.creation import Creation, make_many, make_one
from reminder_service.dependencies import (
    Clock,
    IdempotencyKey,
    Limit,
    Now,
    Offset,
    Store,
    answered,
    reminder_router,
)
from reminder_service.idempotency import KeyedAnswer
from reminder_service.preconditions import CHANGE_REFUSED, check_match, matched
from reminder_service.reminders import changed_reminder
from reminder_service.store import Reminders
from reminder_service.timeline import Timelines

LARGEST_BULK_BODY = 1024 * 1024  # bytes
LARGE_BODIES = ("/reminders/bulk", "/reminders/import")


def reminder_api(
    reminders: Reminders,
    timelines: Timelines,
    buckets: Buckets,
    *,
    live: Check,
    ready: Check,
    identity: Identity | None = None,
    clock: Clock = lambda: datetime.now(UTC),
) -> FastAPI:
    """The whole application; OpenAPI page at /docs."""
    app = create_api(
        "Reminders",
        live=live,
        ready=ready,
        identity=identity,
        body_limits=dict.fromkeys(LARGE_BODIES, LARGEST_BULK_BODY),
    )
    app.state.reminders, app.state.timelines = reminders, timelines
    app.state.buckets, app.state.clock = buckets, clock
    for error in (BotoCoreError, ClientError):
        app.add_exception_handler(error, timeline_api.answer_outage)
    for routes in (calendar_api.router, router, occurrence_api.router, timeline_api.router):
        app.include_router(routes)
    return app


router = reminder_router()


@router.post("", status_code=201, response_model=ReminderAnswer, responses=problem_responses(409))
def create(
    new: NewReminder,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    creation = Creation(
        caller=caller,
        now=now,
        key=idempotency_key,
        operation="POST /reminders",
        text=new.model_dump_json(exclude_unset=True),
    )
    return _sent(creation.answer(store, lambda: make_one(new, caller, now)), response)


@router.post("/bulk", response_model=BulkAnswer, responses=problem_responses(409))
def create_many(
    bulk: BulkRequest,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Up to 1,000 reminders; each is created or refused by itself."""
    creation = Creation(
        caller=caller,
        now=now,
        key=idempotency_key,
        operation="POST /reminders/bulk",
        text=json.dumps(bulk.reminders),
    )
    made = creation.answer(store, lambda: make_many(bulk.reminders, caller, now))
    return _sent(made, response)


refuse_other_methods(router, "/bulk", "POST")


@router.get("")
def read_page(
    caller: AnyCaller, store: Store, now: Now, limit: Limit = 20, offset: Offset = 0
) -> ReminderPage:
    """The caller's reminders, the soonest first."""
    page, total = store.page(caller.user_id, limit, offset)
    items = [ReminderAnswer.of(reminder, now) for reminder in page]
    return ReminderPage(items=items, total=total, limit=limit, offset=offset)


@router.get("/{id}", responses=problem_responses(404))
def read(id: UUID, caller: AnyCaller, store: Store, now: Now, response: Response) -> ReminderAnswer:
    return answered(store.find(caller.user_id, id), response, now)


@router.patch("/{id}", responses=CHANGE_REFUSED)
@router.post("/{id}", responses=CHANGE_REFUSED)
def change(
    id: UUID,
    change: ReminderChange,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """Change what is named and nothing else."""
    make = matched(if_match, lambda current: changed_reminder(current, change.named(), caller, now))
    return answered(store.change(caller.user_id, id, make), response, now)


@router.delete("/{id}", status_code=204, responses=CHANGE_REFUSED)
def delete(id: UUID, caller: AnyCaller, store: Store, if_match: IfMatch = None) -> None:
    store.remove(caller.user_id, id, lambda reminder: check_match(if_match, reminder.version))


refuse_other_methods(router, "", "GET", "POST")
refuse_other_methods(router, "/{id}", "DELETE", "GET", "PATCH", "POST")


def _sent(answer: KeyedAnswer, response: Response) -> Response:
    headers = {**response.headers, **answer.headers}
    return Response(answer.body, answer.status, headers, media_type="application/json")
