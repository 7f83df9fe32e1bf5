"""Work that one version leaves in the tables and another one finishes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from tests.faults.observation import Stores
from tests.upgrade.fleet import PATIENCE
from tests.upgrade.users import Users, address_of, make_due
from tests.waiting import eventually

DAYS = ["mo", "tu", "we", "th", "fr", "sa", "su"]
SIX_HOURS = timedelta(hours=6)
DEFERRED = """
select id, occurrence from notifications
where user_id = :user and reason = :reason and state = 'pending'
"""
HOLD_DIGEST = """
update notifications set deliver_at = now() + interval '1 hour'
where user_id = :user and reminder_id is null and state = 'pending' returning id, occurrence
"""
COLLECTED = """
select id from digest_items join digests on digest_id = digests.id where user_id = :user
"""
HOLD = """
update waiting_notifications set retry_at = now() + interval '1 hour'
where user_id = :user and not claimed returning occurrence_id
"""
RETRY = "update waiting_notifications set retry_at = now() where user_id = :user returning user_id"
EMAILS = ("Water the plants", "Feed the cat", "Call Ada")


class WaitingWork:
    """A user whose notifications wait for the end of quiet hours, a digest and a provider."""

    def __init__(self, users: Users, stores: Stores) -> None:
        self._users, self._stores = users, stores
        name = uuid4().hex[:8]
        self._quiet, self._digest = f"quiet-{name}", f"digest-{name}"
        self._throttled = f"throttled-{name}"
        self._announced: dict[UUID, datetime] = {}  # the digest

    def leave(self) -> None:
        now = datetime.now(UTC)
        window = {"days": DAYS, "from": clock(now - SIX_HOURS), "to": clock(now + SIX_HOURS)}
        self._prefer(self._quiet, {"quietHours": [window]})
        self._prefer(self._digest, {"dailyDigest": clock(now + SIX_HOURS)})
        self._users.register(self._quiet)
        self._users.register(self._throttled, f"throttled-{uuid4()}")
        waiting, due = self._users.remind_now(self._throttled, rule="FREQ=DAILY")
        self._users.owe(self._throttled, waiting.id, waiting.occurrence, due)
        rows(self._stores.devices, HOLD, 1, user=self._throttled)
        self._users.remind_now(self._quiet, rule="FREQ=HOURLY")
        for message in EMAILS:
            fields = {"rule": "FREQ=DAILY", "notifyType": "email", "message": message}
            self._users.remind_now(self._digest, **fields)
        emails = self._find(DEFERRED, len(EMAILS), user=self._digest, reason="DIGEST")
        make_due(self._stores.notifications, emails)
        self._announced = self._find(HOLD_DIGEST, 1, user=self._digest)
        rows(self._stores.devices, COLLECTED, len(EMAILS), user=self._digest)
        self._find(DEFERRED, 1, user=self._quiet, reason="QUIET_HOURS")

    def finish(self) -> None:
        self._prefer(self._quiet, {})
        rows(self._stores.devices, RETRY, 1, user=self._throttled)
        quiet = self._find(DEFERRED, 1, user=self._quiet, reason="QUIET_HOURS")
        due = make_due(self._stores.notifications, [*quiet, *self._announced])
        for id, occurrence in quiet.items():
            self._users.owe(self._quiet, id, occurrence, due)
        for id, occurrence in self._announced.items():
            self._users.owe_email(self._digest, id, occurrence, due)

    def check_digest(self, emails: list[str]) -> None:
        [email] = emails
        assert [email.count(message) for message in EMAILS] == [1] * len(EMAILS)

    @property
    def digest_address(self) -> str:
        return address_of(self._digest)

    def _prefer(self, user: str, preferences: dict[str, object]) -> None:
        self._users.call(user, "PUT", "/preferences", 200, json=preferences)

    def _find(self, query: str, count: int, **values: str) -> dict[UUID, datetime]:
        return dict(rows(self._stores.notifications, query, count, **values))


def rows(engine: Engine, query: str, count: int, **values: str) -> list[tuple[UUID, datetime]]:
    """Return so many rows, once they are there."""

    def find() -> list[tuple[UUID, datetime]]:
        with engine.begin() as connection:
            found = connection.execute(text(query), values).all()
        return found if len(found) >= count else []  # type: ignore[return-value]

    found: list[tuple[UUID, datetime]] = eventually(find, PATIENCE)
    assert len(found) == count
    return found


def clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"
