"""Reminders as users make them, and what the platform promises for each."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

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
Kind = Callable[[Caller], Iterator[tuple[UUID, datetime]]]


class Promises:
    """Writes to the stores that the APIs write to; users have one phone or two."""

    def __init__(
        self, reminders: Engine, devices: Engine, chance: random.Random, users: int = USERS
    ) -> None:
        self._reminders, self._chance = PostgresReminders(reminders), chance
        self._devices = PostgresDevices(devices)
        self._phones = {f"user-{number}": self._add_phones(number) for number in range(users)}

    def make(self, count: int) -> list[Accepted]:
        """Accepted reminders of all kinds: overdue, soon, series, changed and deleted ones."""
        kinds = [self._overdue, self._soon, self._series, self._changed, self._deleted]
        return self._make(count, kinds)

    def make_hourly(self, count: int) -> list[Accepted]:
        """Accepted series whose user did not choose the hour of each occurrence; one is due."""
        return self._make(count, [self._hourly])

    def _make(self, count: int, kinds: Sequence[Kind]) -> list[Accepted]:
        accepted = []
        for number in range(count):
            user = self._chance.choice(sorted(self._phones))
            for id, occurrence in kinds[number % len(kinds)](Caller(user_id=user)):
                effect = occurrence_id(id, occurrence)
                for phone in self._phones[user]:
                    accepted.append(Accepted(Effect(effect, phone), occurrence.timestamp()))
        return accepted

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

    def _overdue(self, caller: Caller) -> Iterator[tuple[UUID, datetime]]:
        yield self._add(caller, _now() - timedelta(seconds=self._chance.uniform(0, 600)))

    def _soon(self, caller: Caller) -> Iterator[tuple[UUID, datetime]]:
        yield self._add(caller, _now() + timedelta(seconds=self._chance.uniform(0.5, 3)))

    def _series(self, caller: Caller) -> Iterator[tuple[UUID, datetime]]:
        """Three days of it, the last an hour ago: that one is owed, and tells of the others."""
        id, first = self._add(caller, _now() - 2 * DAY - HOUR, rule="FREQ=DAILY;COUNT=3")
        yield id, first + 2 * DAY

    def _hourly(self, caller: Caller) -> Iterator[tuple[UUID, datetime]]:
        yield self._add(caller, _now() - timedelta(minutes=1), rule="FREQ=HOURLY;COUNT=1")

    def _changed(self, caller: Caller) -> Iterator[tuple[UUID, datetime]]:
        """Due tomorrow at first, then soon; only the last counts."""
        id, _ = self._add(caller, _now() + DAY)
        date = _now() + timedelta(seconds=self._chance.uniform(0.5, 3))

        def change(current: Reminder) -> Reminder:
            return changed_reminder(current, {"date": date}, caller, date - HOUR)

        self._reminders.change(caller.user_id, id, change)
        yield id, date

    def _deleted(self, caller: Caller) -> Iterator[tuple[UUID, datetime]]:
        """Due soon, and deleted with the same breath: nothing is owed."""
        id, _ = self._add(caller, _now() + HOUR)
        self._reminders.remove(caller.user_id, id, lambda _: None)
        yield from ()

    def _add(self, caller: Caller, date: datetime, **named: Any) -> tuple[UUID, datetime]:
        """Written an hour before it is due, so that it may be due already."""
        named |= {"date": date, "message": "Water the plants"}
        reminder = new_reminder(uuid7(), named, caller, date - HOUR)
        self._reminders.add([reminder])
        return reminder.id, date


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)
