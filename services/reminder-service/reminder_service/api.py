"""Defines the HTTP API of reminders."""

import json
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import FastAPI, Request, Response
from service_runtime.api import create_api
from service_runtime.identity import AnyCaller, Identity
from service_runtime.preconditions import IfMatch, check_match, with_match
from service_runtime.probes import Check
from service_runtime.problems import problem_responses
from service_runtime.rate_limit import PostgresBuckets, charge

from reminder_service import occurrence_api, timeline_api
from reminder_service.bodies import (
    BulkAnswer,
    BulkRequest,
    NewReminder,
    ReminderAnswer,
    ReminderChange,
    ReminderPage,
)
from reminder_service.calendar import export_api, import_api
from reminder_service.calendar.store import PostgresImports
from reminder_service.calendar.subscriptions import PostgresSubscriptions
from reminder_service.creation import Budget, answer_once, make_many, make_one
from reminder_service.dependencies import (
    CHANGE_REFUSED,
    Clock,
    Cursor,
    IdempotencyKey,
    Limit,
    Now,
    Offset,
    Store,
    UserZone,
    answered,
    cursor_of,
    reminder_router,
    sent,
)
from reminder_service.idempotency import fingerprint
from reminder_service.reminders import changed_reminder
from reminder_service.store import PostgresReminders
from reminder_service.time_zones import DynamoPreferredZones
from reminder_service.timeline import DynamoTimelines

LARGEST_BULK_BODY = 1024 * 1024  # bytes
LARGE_BODIES = ("/reminders/bulk", "/reminders/import")


def reminder_api(
    reminders: PostgresReminders,
    timelines: DynamoTimelines,
    buckets: PostgresBuckets,
    *,
    imports: PostgresImports,
    subscriptions: PostgresSubscriptions,
    zones: DynamoPreferredZones,
    live: Check,
    ready: Check,
    identity: Identity | None = None,
    clock: Clock = lambda: datetime.now(UTC),
) -> FastAPI:
    """Create the application; its OpenAPI page is at /docs."""
    app = create_api(
        "Herald reminders",
        (
            export_api.public_router,
            export_api.router,
            import_api.router,
            occurrence_api.router,
            timeline_api.router,
            router,
        ),
        live=live,
        ready=ready,
        identity=identity,
        body_limits=dict.fromkeys(LARGE_BODIES, LARGEST_BULK_BODY),
    )
    app.state.reminders, app.state.timelines = reminders, timelines
    app.state.buckets, app.state.clock = buckets, clock
    app.state.imports, app.state.zones = imports, zones
    app.state.subscriptions = subscriptions
    for error in (BotoCoreError, ClientError):
        app.add_exception_handler(error, timeline_api.answer_outage)
    return app


router = reminder_router()


@router.post(
    "",
    summary="Create a reminder",
    status_code=201,
    response_model=ReminderAnswer,
    responses=problem_responses(409),
)
def create(
    new: NewReminder,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    user_zone: UserZone,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Create a reminder. A series without `timeZone` uses the time zone of the user."""
    mark = fingerprint("POST /reminders", new.canonical_text())
    make = partial(make_one, new, caller, now, user_zone)
    return sent(answer_once(store, caller, now, idempotency_key, mark, make), response)


@router.post(
    "/bulk",
    summary="Create several reminders",
    response_model=BulkAnswer,
    responses=problem_responses(409),
)
def create_many(
    bulk: BulkRequest,
    request: Request,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    user_zone: UserZone,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Create up to 1,000 reminders. Each one is created or refused on its own.

    Each reminder counts as a request in the rate limit, so the next request may have to wait.
    """
    charge(request, caller, len(bulk.reminders) - 1)
    mark = fingerprint("POST /reminders/bulk", json.dumps(bulk.reminders))
    make = partial(make_many, bulk.reminders, caller, now, user_zone, Budget())
    return sent(answer_once(store, caller, now, idempotency_key, mark, make), response)


@router.get("", summary="List reminders")
def read_page(
    caller: AnyCaller,
    store: Store,
    now: Now,
    limit: Limit = 20,
    offset: Offset = 0,
    cursor: Cursor = None,
) -> ReminderPage:
    """List the caller's reminders by date, then id.

    Pages by `cursor` stay complete when reminders are deleted meanwhile. Pages by `offset` may
    skip reminders.
    """
    page, total = store.page(caller.user_id, limit, offset, cursor)
    items = [ReminderAnswer.of(reminder, now) for reminder in page]
    following = cursor_of(page[-1]) if len(page) == limit else None
    return ReminderPage(items=items, total=total, limit=limit, offset=offset, next_cursor=following)


@router.get("/{id}", summary="Read a reminder", responses=problem_responses(403, 404))
def read(id: UUID, caller: AnyCaller, store: Store, now: Now, response: Response) -> ReminderAnswer:
    return answered(store.find(caller.user_id, id), response, now)


@router.patch("/{id}", summary="Change a reminder", responses=CHANGE_REFUSED)
@router.post("/{id}", summary="Change a reminder", responses=CHANGE_REFUSED)
def change(
    id: UUID,
    change: ReminderChange,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """Change the named members. All others stay as they are."""
    make = with_match(
        if_match, lambda current: changed_reminder(current, change.named(), caller, now)
    )
    return answered(store.change(caller.user_id, id, make), response, now)


@router.delete("/{id}", summary="Delete a reminder", status_code=204, responses=CHANGE_REFUSED)
def delete(id: UUID, caller: AnyCaller, store: Store, if_match: IfMatch = None) -> None:
    store.remove(caller.user_id, id, lambda reminder: check_match(if_match, reminder.version))
