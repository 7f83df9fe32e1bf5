"""What the store in PostgreSQL and the one in memory have in common."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from event_messages.event import Event
from reminder_service.errors import (
    IdempotencyKeyReused,
    MissingReminder,
    PermissionDenied,
    TooManyKeys,
    TooManyReminders,
)
from reminder_service.idempotency import KeyedAnswer
from reminder_service.occurrences import snooze_reminder
from reminder_service.store import PostgresReminders
from service_runtime.database import create_database_engine
from service_runtime.migrations import migrate
from service_runtime.settings import DatabaseSettings, MigrationSettings
from sqlalchemy import text

from tests.postgresql import closing_engine
from tests.services.reminder_service.fakes import InMemoryReminders

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


class InMemory:
    def __init__(self):
        self.store = InMemoryReminders(per_user=3)

    def events(self):
        return [(event.type, event.data) for event in self.store.events]


class InPostgres:
    def __init__(self, engine):
        self.engine = engine
        self.store = PostgresReminders(engine, per_user=3)

    def events(self):
        with self.engine.connect() as connection:
            bodies = connection.scalars(text("select body from outbox order by position"))
            events = [Event.from_json(body) for body in bodies]
        return [(event.type, event.data) for event in events]


@pytest.fixture
def engine(database, monkeypatch):
    for name, value in database.environment.items():
        monkeypatch.setenv(name, value)
    migrate(MigrationSettings(), "reminder_service:migrations")
    with closing_engine(create_database_engine(DatabaseSettings())) as engine:
        yield engine


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.integration)])
def kept(request):
    if request.param == "memory":
        return InMemory()
    return InPostgres(request.getfixturevalue("engine"))


@pytest.fixture
def store(kept):
    return kept.store


def answer(**fields):
    plain = {"user_id": "user-1", "key": "k", "fingerprint": "f", "status": 201, "body": "{}"}
    return KeyedAnswer(**{**plain, "headers": {"ETag": '"1"'}, "answered_at": NOW, **fields})


def renamed(reminder):
    content = reminder.content.model_copy(update={"message": "Feed the cat"})
    return replace(reminder, content=content, version=reminder.version + 1)


def test_a_reminder_comes_back_whole(store, made):
    reminder = made(
        is_recurring=True,
        rule="FREQ=DAILY",
        time_zone="Europe/Paris",
        except_dates=(NOW, NOW + timedelta(microseconds=1)),
        notify_offset=5,
        channel="email",
        message="Zoë's ☂ \U0001f600",
        url="https://example.com",
        urgent=True,
    )
    store.add([reminder])
    assert store.find("user-1", reminder.id) == reminder
    assert store.page("user-1", 10, 0) == ([reminder], 1)


def test_each_write_records_its_event(kept, made):
    store, reminder = kept.store, made()
    store.add([reminder])
    changed = store.change("user-1", reminder.id, renamed)
    store.remove("user-1", reminder.id, lambda current: None)
    created, updated, deleted = kept.events()
    assert created[0] == "reminder:created"
    assert created[1]["message"] == reminder.content.message
    assert updated[0] == "reminder:updated"
    assert (updated[1]["message"], updated[1]["version"]) == (changed.content.message, 2)
    assert "change" not in updated[1]
    assert deleted == (
        "reminder:deleted",
        {"id": str(reminder.id), "version": 3, "userId": "user-1"},
    )
    with pytest.raises(MissingReminder):
        store.find("user-1", reminder.id)


def test_event_names_action_on_occurrence(kept, made):
    store, reminder, until = kept.store, made(), NOW + timedelta(days=2)
    store.add([reminder])

    def snooze(current):
        return snooze_reminder(current, until, NOW)

    store.change("user-1", reminder.id, snooze, "snoozed")
    store.change("user-1", reminder.id, snooze, "snoozed")  # a repeat
    changes = [data["change"] for type, data in kept.events() if type == "reminder:updated"]
    assert changes == ["snoozed"]


def test_pages_are_ordered_and_private(store, made):
    days = {day: made(date=NOW + timedelta(days=day)) for day in (3, 1, 2)}
    store.add([*days.values()])
    store.add([made(user_id="user-2")])
    assert store.page("user-1", 2, 0) == ([days[1], days[2]], 3)
    assert store.page("user-1", 2, 2) == ([days[3]], 3)
    assert store.page("user-1", 2, 9) == ([], 3)


def test_a_page_starts_behind_a_place(store, made):
    first, second = made(date=NOW + timedelta(days=1)), made(date=NOW + timedelta(days=2))
    store.add([second, first])
    assert store.page("user-1", 5, after=(first.date, first.id)) == ([second], 2)
    assert store.page("user-1", 5, after=(second.date, second.id)) == ([], 2)


def test_open_reminders_are_ordered_and_private(store, made):
    same = sorted((made(time_zone="Europe/Paris") for _ in range(2)), key=lambda one: one.id)
    store.add([made(time_zone="Asia/Tokyo", completed_at=NOW), *reversed(same)])
    store.add([made(user_id="user-2", time_zone="Asia/Tokyo")])
    assert store.time_zones("user-1") == ["Europe/Paris"]
    assert store.open_after("user-1", None, 1) == same[:1]
    assert store.open_after("user-1", same[0], 9) == same[1:]
    assert store.open_after("user-1", same[1], 9) == []


def test_reminders_of_others_are_inaccessible(kept, made):
    store, reminder = kept.store, made(user_id="user-2")
    store.add([reminder])
    with pytest.raises(PermissionDenied):
        store.find("user-1", reminder.id)
    with pytest.raises(PermissionDenied):
        store.change("user-1", reminder.id, renamed)
    with pytest.raises(PermissionDenied):
        store.remove("user-1", reminder.id, lambda current: None)
    assert store.find("user-2", reminder.id) == reminder
    assert len(kept.events()) == 1


def test_what_is_not_there_is_missing(store):
    with pytest.raises(MissingReminder):
        store.find("user-1", uuid4())
    with pytest.raises(MissingReminder):
        store.change("user-1", uuid4(), renamed)
    with pytest.raises(MissingReminder):
        store.remove("user-1", uuid4(), lambda current: None)


def test_refused_write_leaves_no_event(kept, made):
    def refuse(current):
        raise ValueError("refused")

    store, reminder = kept.store, made()
    store.add([reminder])
    with pytest.raises(ValueError, match="refused"):
        store.change("user-1", reminder.id, refuse)
    with pytest.raises(ValueError, match="refused"):
        store.remove("user-1", reminder.id, refuse)
    assert store.find("user-1", reminder.id) == reminder
    assert len(kept.events()) == 1


def test_user_limit_is_all_or_nothing(kept, made):
    store = kept.store
    store.add([made(), made()])
    with pytest.raises(TooManyReminders):
        store.add([made(), made()])
    assert store.page("user-1", 10, 0)[1] == len(kept.events()) == 2
    store.add([made(user_id="user-2")])


def test_keyed_answer_is_stored_with_reminder(kept, made):
    store, first = kept.store, answer()
    assert store.answered("user-1", "k", NOW) is None
    assert store.add([made()], first) is None
    assert store.answered("user-1", "k", NOW) == first
    assert store.answered("user-2", "k", NOW) is None
    assert store.add([made()], answer(body="other")) == first
    with pytest.raises(IdempotencyKeyReused):
        store.add([made()], answer(fingerprint="g"))
    assert store.page("user-1", 10, 0)[1] == len(kept.events()) == 1


def test_answer_without_creation_is_stored(store):
    assert store.add([], answer()) is None
    assert store.add([], answer()) == answer()


@pytest.mark.integration
def test_long_answers_take_little_room(engine, made):
    store, long = PostgresReminders(engine), answer(body='{"code":"VALIDATION"}' * 20_000)
    store.add([made()], long)
    assert store.answered("user-1", "k", NOW) == long
    with engine.connect() as connection:
        size = connection.scalar(text("select sum(octet_length(body)) from keyed_answers"))
    assert size < 5_000


@pytest.mark.integration
def test_keys_of_a_user_are_counted(engine, made, monkeypatch):
    monkeypatch.setattr("reminder_service.idempotency.KEYS_PER_USER", 2)
    store = PostgresReminders(engine)
    for key in ("a", "b"):
        store.add([made()], answer(key=key))
    with pytest.raises(TooManyKeys):
        store.add([made()], answer(key="c"))
    store.add([made(user_id="user-2")], answer(user_id="user-2", key="c"))


def test_keyed_answer_expires_after_a_day(store, made):
    day = timedelta(hours=24)
    store.add([made()], answer())
    assert store.answered("user-1", "k", NOW + day - timedelta(microseconds=1))
    assert store.answered("user-1", "k", NOW + day) is None
    assert store.add([made()], answer(fingerprint="g", answered_at=NOW + day)) is None
    assert store.forget_answers(NOW + day) == 0
    assert store.forget_answers(NOW + 2 * day) == 1
    assert store.forget_answers(NOW + 2 * day) == 0


def test_changes_at_once_are_all_counted(kept, made):
    store, reminder = kept.store, made()
    store.add([reminder])
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: store.change("user-1", reminder.id, renamed), range(12)))
    assert store.find("user-1", reminder.id).version == 13
    versions = [data["version"] for _, data in kept.events()]
    assert versions == [*range(1, 14)]


def test_concurrent_key_creates_once(kept, made):
    store = kept.store
    with ThreadPoolExecutor(4) as threads:
        earlier = list(threads.map(lambda _: store.add([made()], answer()), range(8)))
    assert earlier.count(None) == 1
    assert store.page("user-1", 10, 0)[1] == len(kept.events()) == 1


@pytest.mark.integration
def test_write_without_event_is_undone(engine, made, monkeypatch):
    def broken(*_):
        raise RuntimeError("no event")

    store = PostgresReminders(engine)
    monkeypatch.setattr("reminder_service.store.append", broken)
    with pytest.raises(RuntimeError):
        store.add([made()])
    assert store.page("user-1", 10, 0) == ([], 0)


def test_content_of_later_version_stays(engine, made):
    store, reminder = PostgresReminders(engine), made()
    store.add([reminder])
    with engine.begin() as connection:
        connection.execute(text("""update reminders set content = '{"later": "Kitchen"}'"""))
    assert store.change("user-1", reminder.id, renamed).content.message == "Feed the cat"
    with engine.connect() as connection:
        assert connection.scalar(text("select content from reminders")) == {"later": "Kitchen"}
