"""Creates reminders, and answers a repeated request like the first one."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from event_messages.failures import describe
from event_messages.identifiers import uuid7
from pydantic import ValidationError
from service_runtime.identity import Caller
from service_runtime.preconditions import etag
from service_runtime.problems import Problem, validation_problem

from reminder_service.bodies import BulkAnswer, BulkResult, NewReminder, ReminderAnswer
from reminder_service.errors import OutOfTime
from reminder_service.idempotency import KeyedAnswer
from reminder_service.reminders import Reminder, new_reminder
from reminder_service.store import PostgresReminders

logger = logging.getLogger(__name__)

MOST_COMPUTING = 5.0  # seconds of a processor for the reminders of one request


@dataclass(frozen=True)
class Made:
    """Holds the created reminders of a request and its response."""

    reminders: Sequence[Reminder]
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class Budget:
    """Raises OutOfTime when the processor time of a request is used up."""

    def __init__(self, spent: Callable[[], float] = time.thread_time) -> None:
        self._spent, self._end = spent, spent() + MOST_COMPUTING

    def check(self) -> None:
        if self._spent() >= self._end:
            raise OutOfTime


def answer_once(
    store: PostgresReminders,
    caller: Caller,
    now: datetime,
    key: str | None,
    mark: str,
    make: Callable[[], Made],
) -> KeyedAnswer:
    """Create reminders; for a repeated key, return the first answer to the request of `mark`."""
    if key and (earlier := store.answered(caller.user_id, key, now)):
        return earlier.repeated_for(mark)
    made = make()
    answer = KeyedAnswer(
        user_id=caller.user_id,
        key=key or "",
        fingerprint=mark,
        status=made.status,
        body=made.body,
        headers=made.headers,
        answered_at=now,
    )
    return store.add(made.reminders, answer if key else None) or answer


def make_one(new: NewReminder, caller: Caller, now: datetime, zone: Callable[[], str]) -> Made:
    reminder = new_reminder(uuid7(), _named(new, zone), caller, now)
    headers = {"Location": f"/reminders/{reminder.id}", "ETag": etag(reminder.version)}
    return Made([reminder], 201, _json(ReminderAnswer.of(reminder, now)), headers)


def make_many(
    bodies: Sequence[Any], caller: Caller, now: datetime, zone: Callable[[], str], budget: Budget
) -> Made:
    """Return the valid reminders, and a response that names the reason of each invalid one."""
    reminders, results = [], []
    for index, body in enumerate(bodies):
        outcome = _made_or_refused(body, caller, now, zone, budget)
        results.append(_result(index, outcome, now))
        if isinstance(outcome, Reminder):
            reminders.append(outcome)
    refused = len(results) - len(reminders)
    answer = BulkAnswer(created=len(reminders), refused=refused, results=results)
    return Made(reminders, 200, _json(answer))


def _named(new: NewReminder, zone: Callable[[], str]) -> dict[str, Any]:
    """Return the members of the request; a series without a zone gets the user's zone."""
    named = new.named()
    if "time_zone" not in named and (new.rule or new.is_recurring):
        named["time_zone"] = zone()
    return named


def _made_or_refused(
    body: Any, caller: Caller, now: datetime, zone: Callable[[], str], budget: Budget
) -> Reminder | Problem:
    """Return the reminder, or its problem, so that one item cannot fail the request."""
    try:
        budget.check()
        return new_reminder(uuid7(), _named(NewReminder.model_validate(body), zone), caller, now)
    except ValidationError as error:
        return validation_problem(error.errors())
    except Problem as problem:
        return problem
    except Exception as error:
        logger.error("a reminder of many failed", extra={"reason": describe(error)})
        return Problem(500, "INTERNAL", "Herald could not make this reminder; report it.")


def _result(index: int, outcome: Reminder | Problem, now: datetime) -> BulkResult:
    if isinstance(outcome, Reminder):
        return BulkResult(index=index, status=201, reminder=ReminderAnswer.of(outcome, now))
    return BulkResult(index=index, status=outcome.status, problem=outcome.body())


def _json(answer: ReminderAnswer | BulkAnswer) -> str:
    return answer.model_dump_json(by_alias=True)
