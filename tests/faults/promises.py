"""Reminders as users make them, and what the platform promises for each."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from event_messages.contract import occurrence_id
from event_messages.identifiers import uuid7
from notification_service.device_store import PostgresDevices
from notification_service.devices import Device, registered_event
from reminder_service.reminders import Reminder, changed_reminder, new_reminder
from reminder_service.store import PostgresReminders
from service_runtime.identity import Caller
from sqlalchemy import Engine

from tests.faults.history import Accepted, Effect

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TOKEN = "valid-"  # a device's token is this and its id
USERS = 6


def _leave(reminder: Reminder) -> None:
    """Nothing happens to the reminder after its creation."""


@dataclass(frozen=True)
class _Plan:
    """A reminder, the occurrence that is owed for it, and what happens to it once it is stored."""

    reminder: Reminder
    owed: datetime | None
    follow: Callable[[Reminder], None] = _leave


Kind = Callable[[Caller], _Plan]


class Promises:
    """Writes to the stores that the APIs write to; users have one phone or two."""

    def __init__(
        self,
        reminders: Engine,
        devices: Engine,
        chance: random.Random,
        users: int = USERS,
        together: int = 1,  # reminders that a user adds in one request
        requests: int = 1,  # at once
    ) -> None:
        self._reminders, self._chance = PostgresReminders(reminders), chance
        self._devices = PostgresDevices(devices)
        self._together, self._requests = together, requests
        self._phones = {f"user-{number}": self._add_phones(number) for number in range(users)}

    def make(self, count: int) -> list[Accepted]:
        """Accepted reminders of all kinds: overdue, soon, series, changed and deleted ones."""
        kinds = [self._overdue, self._soon, self._series, self._changed, self._deleted]
        return self._make(count, kinds)

    def make_hourly(self, count: int) -> list[Accepted]:
        """Accepted series whose user did not choose the hour of each occurrence; one is due."""
        return self._make(count, [self._hourly])

    def _make(self, count: int, kinds: Sequence[Kind]) -> list[Accepted]:
        accepted, numbered = [], islice(cycle(kinds), count)
        with ThreadPoolExecutor(self._requests) as pool:
            # Planned shortly before they are stored, so that most are stored before they are due.
            while requests := [self._plan(some) for some in self._next(numbered)]:
                list(pool.map(self._store, requests))
                accepted += [
                    owed for plans in requests for plan in plans for owed in self._owed(plan)
                ]
        return accepted

    def _next(self, kinds: Iterator[Kind]) -> Iterator[list[Kind]]:
        """The kinds of reminders of the requests that are made at once."""
        for _ in range(self._requests):
            if some := list(islice(kinds, self._together)):
                yield some

    def _plan(self, kinds: Sequence[Kind]) -> list[_Plan]:
        """One user's reminders."""
        caller = Caller(user_id=self._chance.choice(sorted(self._phones)))
        return [kind(caller) for kind in kinds]

    def _store(self, plans: Sequence[_Plan]) -> None:
        self._reminders.add([plan.reminder for plan in plans])
        for plan in plans:
            plan.follow(plan.reminder)

    def _owed(self, plan: _Plan) -> list[Accepted]:
        if not plan.owed:
            return []
        effect = occurrence_id(plan.reminder.id, plan.owed)
        phones = self._phones[plan.reminder.user_id]
        return [Accepted(Effect(effect, phone), plan.owed.timestamp()) for phone in phones]

    def _add_phones(self, number: int) -> list[str]:
        devices = []
        for _ in range(1 + number % 2):
            id = uuid7()
            device = Device(
                id=id, user_id=f"user-{number}", fcm_token=f"{TOKEN}{id}", created_at=_now()
            )
            self._devices.add(device, registered_event(device))
            devices.append(str(id))
        return devices

    def _overdue(self, caller: Caller) -> _Plan:
        date = _now() - timedelta(seconds=self._chance.uniform(0, 600))
        return _Plan(_reminder(caller, date), date)

    def _soon(self, caller: Caller) -> _Plan:
        date = self._moment()
        return _Plan(_reminder(caller, date), date)

    def _series(self, caller: Caller) -> _Plan:
        """Three days of it, the last an hour ago: that one is owed, and tells of the others."""
        first = _now() - 2 * DAY - HOUR
        return _Plan(_reminder(caller, first, rule="FREQ=DAILY;COUNT=3"), first + 2 * DAY)

    def _hourly(self, caller: Caller) -> _Plan:
        date = _now() - timedelta(minutes=1)
        return _Plan(_reminder(caller, date, rule="FREQ=HOURLY;COUNT=1"), date)

    def _changed(self, caller: Caller) -> _Plan:
        """Due tomorrow at first, then soon; only the last counts."""
        date = self._moment()

        def change(current: Reminder) -> Reminder:
            return changed_reminder(current, {"date": date}, caller, date - HOUR)

        def follow(reminder: Reminder) -> None:
            self._reminders.change(reminder.user_id, reminder.id, change)

        return _Plan(_reminder(caller, _now() + DAY), date, follow)

    def _deleted(self, caller: Caller) -> _Plan:
        """Due soon, and deleted with the same breath: nothing is owed."""

        def follow(reminder: Reminder) -> None:
            self._reminders.remove(reminder.user_id, reminder.id, lambda _: None)

        return _Plan(_reminder(caller, _now() + HOUR), None, follow)

    def _moment(self) -> datetime:
        """Soon enough for a test, late enough to arrive before it is due."""
        return _now() + timedelta(seconds=self._chance.uniform(0.5, 3))


def _reminder(caller: Caller, date: datetime, **named: Any) -> Reminder:
    """Written an hour before it is due, so that it may be due already."""
    named |= {"date": date, "message": "Water the plants"}
    return new_reminder(uuid7(), named, caller, date - HOUR)


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
