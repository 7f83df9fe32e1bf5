"""A daily digest: what it collects survives kills between any two steps, and is in one e-mail."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from boto3.dynamodb.types import TypeDeserializer
from event_messages.contract import occurrence_id
from event_messages.identifiers import uuid7
from notification_service.preference_store import PostgresPreferences
from reminder_service.reminders import new_reminder
from reminder_service.store import PostgresReminders
from service_runtime.identity import Caller
from sqlalchemy import Engine, text

from tests.faults.history import Effect
from tests.faults.killing import Aws, Kill, mailbox_of
from tests.faults.observation import PATIENCE, Stores, rest, told
from tests.faults.test_kill_nine import (
    NEVER,
    Start,
    aws,
    clients,
    die,
    emulator,
    queued,
    sink,
    start,
)

__all__ = ["aws", "clients", "emulator", "queued", "sink", "start"]

pytestmark = pytest.mark.integration

ADA = Caller(user_id="ada", email="ada@example.com")
EMAILS = 6
DEFERRING = [Kill("delivery: after deferral, before delete", 2)]
COLLECTING = [
    Kill("delivery: after collection, before delete", 2),
    Kill("delivery relay: after publish, before mark"),
]
SENDING = [
    Kill("delivery: after closing the digest, before claim"),
    Kill("delivery: after claim, before send"),
    Kill("delivery: after send, before settle"),
    Kill("delivery: after settle, before delete"),
]
WAITS = "select count(*) from notifications where state = 'pending' and reason = 'DIGEST'"
COLLECTED = "select count(*) from digest_items"
UNKNOWN = "select coalesce(sum(unknowns), 0) from deliveries"
PASS_TIME = "update notifications set deliver_at = now() where state = 'pending'"


def test_digest_survives_kills_in_one_email(
    stores: Stores,
    aws: Aws,
    clients: dict[str, Any],
    queued: Callable[[], int],
    sink: Path,
    start: Start,
) -> None:
    collect_emails_in_six_hours(stores)
    wanted = promised(stores)
    survive(start, DEFERRING, stores.notifications, WAITS, EMAILS)
    let_time_pass(stores)
    survive(start, COLLECTING, stores.devices, COLLECTED, EMAILS)
    survive(start, [], stores.notifications, WAITS, 1)
    assert mails(sink) == []
    let_time_pass(stores)
    for kill in SENDING:
        die(start(kill))
    start(NEVER)
    rest(stores, queued)
    sent = mails(sink)
    assert len({occurrence for occurrence, _, _ in sent}) == 1
    assert 1 <= len(sent) <= 1 + count(stores.devices, UNKNOWN)
    for _, address, body in sent:
        assert (address, [body.count(message) for message in wanted.values()]) == (
            ADA.email,
            [1] * EMAILS,
        )
    known = delivered(clients["dynamodb"], aws.event_store)
    assert {effect: known[effect] for effect in wanted} == dict.fromkeys(wanted, 1)


def collect_emails_in_six_hours(stores: Stores) -> None:
    at = (datetime.now(UTC) + timedelta(hours=6)).time().replace(second=0, microsecond=0)
    PostgresPreferences(stores.devices).change(
        ADA.user_id, lambda current: replace(current, digest_at=at)
    )


def promised(stores: Stores) -> dict[Effect, str]:
    """Overdue reminders by e-mail: what each says, by the effect of what is deferred."""
    wanted, reminders = {}, PostgresReminders(stores.reminders)
    for number in range(EMAILS):
        date, message = datetime.now(UTC) - timedelta(minutes=number), f"Water plant {number}"
        named = {"date": date, "message": message, "channel": "email"}
        reminder = new_reminder(uuid7(), named, ADA, date - timedelta(hours=1))
        reminders.add([reminder])
        later = uuid5(occurrence_id(reminder.id, date), "deferred")
        wanted[Effect(occurrence_id(later, date), str(ADA.email))] = message
    return wanted


def survive(start: Start, kills: list[Kill], engine: Engine, query: str, expected: int) -> None:
    """Be killed at the points, then go on until the query counts what is expected.

    A later point may have been passed before an earlier kill; the first is always reached.
    """

    def done() -> bool:
        return count(engine, query) == expected

    reached = [killed_itself(start(kill), done) for kill in kills]
    assert reached[:1] == [True] * len(kills[:1])
    process, end = start(NEVER), time.monotonic() + PATIENCE
    while not done():
        found = count(engine, query)
        assert time.monotonic() < end, f"expected {expected} of {query!r}, came {found}"
        time.sleep(0.25)
    process.kill()
    die(process)


def killed_itself(process: Any, done: Callable[[], bool]) -> bool:
    """Whether it reached its point; if not, it is killed once all is done."""
    end = time.monotonic() + PATIENCE
    while process.is_alive() and not done() and time.monotonic() < end:
        process.join(0.25)
    process.join(3)  # for a point that comes after the last is counted
    itself = not process.is_alive()
    process.kill()
    die(process)
    return itself


def let_time_pass(stores: Stores) -> None:
    with stores.notifications.begin() as connection:
        connection.execute(text(PASS_TIME))


def count(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(query)))


def mails(sink: Path) -> list[tuple[UUID, str, str]]:
    lines = mailbox_of(sink).read_text().splitlines()
    return [(UUID(one), address, body) for one, address, body in map(json.loads, lines)]


def delivered(dynamodb: Any, table: str) -> dict[Effect, int]:
    read = TypeDeserializer().deserialize
    pages = dynamodb.get_paginator("scan").paginate(TableName=table)
    found = [item for page in pages for item in page["Items"]]
    return told([{name: read(value) for name, value in item.items()} for item in found])
