"""Snooze, acknowledge and complete over HTTP."""

from uuid import UUID

from fastapi import Response
from service_runtime.identity import AnyCaller
from service_runtime.other_methods import refuse_other_methods
from service_runtime.preconditions import IfMatch
from service_runtime.problems import problem_responses

from reminder_service.bodies import ReminderAnswer, Snooze
from reminder_service.dependencies import Now, Store, answered, reminder_router
from reminder_service.occurrences import acknowledged, completed, snoozed
from reminder_service.preconditions import CHANGE_REFUSED, matched

router = reminder_router()


@router.post("/{id}/snooze", responses=CHANGE_REFUSED | problem_responses(409))
def snooze(
    id: UUID,
    snooze: Snooze,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """Announce the occurrence in hand later; the series goes on as before.

    It is the last that was announced, or the next when that was acknowledged.
    """
    make = matched(if_match, lambda current: snoozed(current, snooze.end(now), now))
    return answered(store.change(caller.user_id, id, make, "snoozed"), response, now)


@router.post("/{id}/acknowledge", responses=CHANGE_REFUSED)
def acknowledge(
    id: UUID,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """What was announced is done: its snooze is cancelled, the series goes on."""
    make = matched(if_match, lambda current: acknowledged(current, now))
    return answered(store.change(caller.user_id, id, make, "acknowledged"), response, now)


@router.post("/{id}/complete", responses=CHANGE_REFUSED)
def complete(
    id: UUID,
    caller: AnyCaller,
    store: Store,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> ReminderAnswer:
    """Nothing is announced any more; a change of the schedule opens the reminder again."""
    make = matched(if_match, lambda current: completed(current, now))
    return answered(store.change(caller.user_id, id, make, "completed"), response, now)


for action in ("snooze", "acknowledge", "complete"):
    refuse_other_methods(router, f"/{{id}}/{action}", "POST")
