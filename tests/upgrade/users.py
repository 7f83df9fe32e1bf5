"""Users who call the APIs all the time, and what the platform owes them."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
from event_messages.contract import occurrence_id
from sqlalchemy import Engine, text

from tests.faults.history import Accepted, Effect
from tests.upgrade.fleet import PATIENCE, Fleet
from tests.waiting import eventually

PAUSE = 0.1  # seconds between two calls of the load
DAY, WEEK, HALF_AN_HOUR = timedelta(days=1), timedelta(weeks=1), timedelta(minutes=30)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
ARRIVED = "select count(*) from notifications where id = :id and version >= :version"
MAKE_DUE = """
with due as (
    update notifications set deliver_at = now() where id = any(:ids) and state = 'pending'
    returning deliver_at
)
select extract(epoch from now()), pg_notify('due_notifications', extract(epoch from now())::text)
from due limit 1
"""
CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Herald//Tests//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20300101T000000Z
DTSTART;TZID=Europe/Berlin:{start:%Y%m%dT%H%M%S}
SUMMARY:Water the plants
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:PT0S
END:VALARM
END:VEVENT
END:VCALENDAR
"""


@dataclass(frozen=True)
class Coming:
    """An occurrence of the next days, which the test makes due."""

    id: UUID  # of its notification
    occurrence: datetime
    user: str
    version: int = 0  # of the reminder
    is_series: bool = False


class Users:
    def __init__(self, fleet: Fleet, notifications: Engine, chance: random.Random) -> None:
        self._fleet, self._notifications, self._chance = fleet, notifications, chance
        self._http = httpx.Client(timeout=30)
        self._targets: dict[str, list[str]] = {}
        self._coming: dict[UUID, Coming] = {}
        self._calendars: dict[str, str] = {}  # ids of reminders, by imported files
        self._turn = threading.Lock()
        self._problems: list[BaseException] = []
        self.owed: list[Accepted] = []
        self.calls = 0

    def close(self) -> None:
        self._http.close()

    def call(self, user: str, method: str, path: str, status: int, **content: Any) -> Any:
        """Return the JSON that any pod answers; the answer must have the status."""
        answer = self._send(user, method, path, **content)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        return answer.json() if answer.text.startswith(("{", "[")) else None

    def _send(self, user: str, method: str, path: str, **content: Any) -> httpx.Response:
        service = "reminder-service" if path.startswith("/reminders") else "notification-service"
        headers = {
            "x-authenticated-userid": user,
            "x-consumer-username": address_of(user),
            **content.pop("headers", {}),
        }
        url = self._fleet.url(service) + path
        return self._http.request(method, url, headers=headers, **content)

    def register(self, user: str, *tokens: str) -> None:
        for token in tokens or (f"valid-{uuid4()}",):
            self.call(user, "POST", "/device/register", 201, json={"fcmToken": token})
            self._targets.setdefault(user, []).append(token)

    def remind(self, user: str, **fields: Any) -> dict[str, Any]:
        """Create a reminder; ask twice sometimes, as a client does that got no answer."""
        fields = {"message": "Water the plants", **fields, "date": fields["date"].isoformat()}
        request = {"json": fields, "headers": {"Idempotency-Key": str(uuid4())}}
        answer: dict[str, Any] = self.call(user, "POST", "/reminders", 201, **request)
        if self._chance.random() < 0.3:
            assert self.call(user, "POST", "/reminders", 201, **request) == answer
        return answer

    def remind_soon(self, user: str, **fields: Any) -> None:
        """Create a series whose next occurrence is due in seconds, or tomorrow if that is late."""
        answer = self.remind(user, date=soon(self._chance) - DAY, rule="FREQ=DAILY", **fields)
        id, occurrence = UUID(answer["id"]), datetime.fromisoformat(answer["nextDate"])
        if occurrence - datetime.now(UTC) < DAY / 2:
            self.owe(user, id, occurrence)
        else:
            self._coming[id] = Coming(id, occurrence, user)

    def remind_now(self, user: str, **fields: Any) -> tuple[Coming, float]:
        """Create a series and make its next occurrence due; return when that was."""
        answer = self.remind(user, date=datetime.now(UTC) - DAY + HALF_AN_HOUR, **fields)
        coming = Coming(UUID(answer["id"]), datetime.fromisoformat(answer["nextDate"]), user)
        eventually(lambda: self._has_arrived(coming), PATIENCE)
        return coming, make_due(self._notifications, [coming.id])

    def owe(self, user: str, id: UUID, occurrence: datetime, due: float | None = None) -> None:
        due = due or occurrence.timestamp()
        effect = occurrence_id(id, occurrence)
        self.owed += [Accepted(Effect(effect, one), due) for one in self._targets[user]]

    def owe_email(self, user: str, id: UUID, occurrence: datetime, due: float) -> None:
        self._targets[user] = [address_of(user)]
        self.owe(user, id, occurrence, due)

    def let_days_pass(self, share: float = 1) -> None:
        """Make some of the coming occurrences due."""
        with self._turn:
            passed = [one for one in self._coming.values() if self._chance.random() < share]
            for one in passed:
                del self._coming[one.id]
        for one in passed:
            eventually(lambda one=one: self._has_arrived(one), PATIENCE)
        due = make_due(self._notifications, [one.id for one in passed])
        for one in passed:
            self.owe(one.user, one.id, one.occurrence, due)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Let users act all the time, on a thread."""
        stopping = threading.Event()

        def act() -> None:
            try:
                while not stopping.wait(PAUSE):
                    self._act()
            except BaseException as problem:
                self._problems.append(problem)

        thread = threading.Thread(target=act)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()
        self._check_problems()

    def wait_for_calls(self, count: int) -> None:
        wanted = self.calls + count
        eventually(lambda: self._check_problems() or self.calls >= wanted, PATIENCE)

    def _check_problems(self) -> None:
        if self._problems:
            raise self._problems[0]

    def _act(self) -> None:
        acts = ACTS if self._coming else ACTS[:2]
        with self._turn:
            acts[self.calls % len(acts)](self)
        self.calls += 1

    def _any_user(self) -> str:
        return self._chance.choice([one for one in self._targets if one.startswith("user-")])

    def _email(self) -> None:
        self._targets["mail"] = [address_of("mail")]
        self.remind_soon("mail", notifyType="email")

    def _single(self) -> Coming:
        zone = self._chance.choice(ZONES)
        return self._come(self._any_user(), date=in_days(self._chance), timeZone=zone)

    def _series(self) -> None:
        date, zone = in_days(self._chance), self._chance.choice(ZONES)
        self._come(self._any_user(), date=date, timeZone=zone, rule="FREQ=WEEKLY", exceptDates=[])

    def _come(self, user: str, **fields: Any) -> Coming:
        return self._expect(user, self.remind(user, **fields))

    def _expect(self, user: str, answer: dict[str, Any]) -> Coming:
        date = datetime.fromisoformat(answer["date"])
        id, version, is_series = UUID(answer["id"]), answer["version"], bool(answer["rule"])
        coming = self._coming[id] = Coming(id, date, user, version, is_series)
        return coming

    def _edit(self) -> None:
        """Change the schedule of what any version wrote."""
        coming = self._chance.choice([one for one in self._coming.values() if one.version])
        change: dict[str, Any] = {"date": (coming.occurrence + DAY).isoformat()}
        if coming.is_series:
            count = self._chance.randint(0, 3)
            weeks = [coming.occurrence + number * WEEK for number in range(2, 2 + count)]
            change = {"exceptDates": [one.isoformat() for one in weeks]}
        path = f"/reminders/{coming.id}"
        self._expect(coming.user, self.call(coming.user, "PATCH", path, 200, json=change))

    def _delete(self) -> None:
        coming = self._single()
        self.call(coming.user, "DELETE", f"/reminders/{coming.id}", 204)
        del self._coming[coming.id]

    def _reopen(self) -> None:
        coming = self._single()
        path = f"/reminders/{coming.id}"
        self.call(coming.user, "POST", f"{path}/complete", 200)
        date = (coming.occurrence + DAY).isoformat()
        self._expect(coming.user, self.call(coming.user, "PATCH", path, 200, json={"date": date}))

    def _snooze(self) -> None:
        coming = self._single()
        del self._coming[coming.id]
        until = coming.occurrence + DAY
        body, path = {"until": until.isoformat()}, f"/reminders/{coming.id}/snooze"
        self.call(coming.user, "POST", path, 200, json=body)
        id = uuid5(coming.id, f"{coming.occurrence.isoformat()}/{until.isoformat()}")
        self._coming[id] = replace(coming, id=id, version=0)

    def _acknowledge(self) -> None:
        """Nothing is owed: the next occurrence is in twelve hours."""
        user, date = self._any_user(), datetime.now(UTC) - DAY / 2
        answer = self.remind(user, date=date, rule="FREQ=DAILY")
        self.call(user, "POST", f"/reminders/{answer['id']}/acknowledge", 200)

    def _import(self) -> None:
        """Import a new file, and another one again, which changes nothing."""
        file = CALENDAR.format(uid=uuid4(), start=in_days(self._chance))
        again = self._chance.choice([*self._calendars, file])
        for one in (file, again):
            result = self._imported(one)
            known = self._calendars.setdefault(one, result["reminderId"])
            assert result["reminderId"] == known
        user = "user-0"
        path = f"/reminders/{self._calendars[file]}"
        self._expect(user, self.call(user, "GET", path, 200))

    def _imported(self, file: str) -> dict[str, Any]:
        headers = {"Content-Type": "text/calendar"}
        answer = self.call(
            "user-0", "POST", "/reminders/import", 200, content=file, headers=headers
        )
        [result] = answer["results"]
        assert result["outcome"] == ("unchanged" if file in self._calendars else "created"), result
        return result  # type: ignore[no-any-return]

    def _join(self) -> None:
        """Register a device of a new user, and remove another one."""
        user = f"user-{uuid4()}"
        self.register(user)
        device = self.call(user, "POST", "/device/register", 201, json={"fcmToken": "valid-old"})
        self.call(user, "DELETE", f"/device/remove/{device['id']}", 204)
        self.remind_soon(user)

    def _be_suppressed(self) -> None:
        """Ask for an e-mail to an address that bounced: nothing is owed."""
        date = soon(self._chance) - DAY
        self.remind("bounced", date=date, rule="FREQ=DAILY", notifyType="email")

    def _look_back(self) -> None:
        """Read the events of what any version wrote."""
        coming = self._chance.choice([one for one in self._coming.values() if one.version])

        def is_told() -> bool:
            answer = self._send(coming.user, "GET", f"/reminders/{coming.id}/events")
            assert answer.status_code in (200, 503), answer.text  # 503 from a slow event store
            return "reminder:created" in answer.text

        eventually(is_told, PATIENCE)

    def _has_arrived(self, coming: Coming) -> bool:
        values = {"id": coming.id, "version": coming.version}
        with self._notifications.connect() as connection:
            return bool(connection.scalar(text(ARRIVED), values))


ACTS: tuple[Callable[[Users], object], ...] = (
    Users._single,
    Users._series,
    lambda users: users.remind_soon(users._any_user()),
    Users._edit,
    Users._email,
    Users._delete,
    Users._reopen,
    Users._edit,
    Users._snooze,
    Users._acknowledge,
    Users._import,
    Users._join,
    Users._be_suppressed,
    Users._look_back,
)


def address_of(user: str) -> str:
    return f"{user}@example.org"


def soon(chance: random.Random) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=chance.uniform(1, 3))


def in_days(chance: random.Random) -> datetime:
    return datetime.now(UTC) + timedelta(days=chance.uniform(2, 20))


def make_due(notifications: Engine, ids: Iterable[UUID]) -> float:
    """Make notifications due now, and return the time in seconds since 1970."""
    with notifications.begin() as connection:
        return float(connection.execute(text(MAKE_DUE), {"ids": list(ids)}).one()[0])
