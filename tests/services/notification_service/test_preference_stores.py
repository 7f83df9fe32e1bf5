"""Preferences in memory and in PostgreSQL keep the same promises."""

from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from event_messages.event import Event
from notification_service.preference_store import PostgresPreferences
from notification_service.preferences import Preferences, zone_from
from notification_service.quiet_hours import QuietWindow
from sqlalchemy import text

from tests.services.notification_service.fakes import InMemoryPreferences

CHOSEN = Preferences(
    time_zone="Europe/Berlin",
    time_zone_source="chosen",
    locale="de-AT",
    quiet_hours=(
        QuietWindow(days=("mo", "fr"), begin=time(22), end=time(7, 30)),
        QuietWindow(days=("su",), begin=time(0), end=time(0)),
    ),
    channels=frozenset(("push",)),
    digest_at=time(18, 5),
    unsubscribed=True,
)


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return InMemoryPreferences()
    return PostgresPreferences(request.getfixturevalue("engine"))


def test_new_user_has_platform_defaults(store):
    assert store.of("ada") == Preferences()


def test_preferences_are_private_to_their_user(store):
    changed = store.change("ada", lambda current: CHOSEN)
    assert changed == store.of("ada") == replace(CHOSEN, version=1)
    assert store.of("eve") == Preferences()


def test_change_increments_the_stored_version(store):
    store.change("ada", lambda current: CHOSEN)
    store.change("ada", lambda current: replace(current, locale="fr", version=70))
    assert store.of("ada") == replace(CHOSEN, locale="fr", version=2)


def test_unchanged_preferences_keep_their_version(store):
    assert store.change("ada", lambda current: Preferences()).version == 0
    for _ in range(2):
        assert store.change("ada", lambda current: CHOSEN).version == 1


def test_refused_change_leaves_everything_unchanged(store):
    store.change("ada", lambda current: CHOSEN)

    def refuse(current: Preferences) -> Preferences:
        raise ValueError(current.version)

    with pytest.raises(ValueError, match="1"):
        store.change("ada", refuse)
    assert store.of("ada") == replace(CHOSEN, version=1)


@pytest.mark.parametrize(
    "kind", ["memory", pytest.param("postgresql", marks=pytest.mark.integration)]
)
def test_changed_zone_is_published(kind, request):
    if kind == "memory":
        store = InMemoryPreferences()
    else:
        engine = request.getfixturevalue("engine")
        store = PostgresPreferences(engine)
    store.change("ada", zone_from("Europe/Paris"))
    store.change("ada", zone_from("Asia/Tokyo"))
    store.change("ada", lambda current: replace(current, locale="fr"))
    store.change("ada", lambda current: CHOSEN)
    store.change("ada", lambda current: Preferences())
    if kind == "postgresql":
        with engine.connect() as connection:
            bodies = connection.scalars(text("select body from outbox order by position")).all()
        events = [Event.from_json(body) for body in bodies]
    else:
        events = store.outbox
    assert [(one.type, one.user_id, one.data) for one in events] == [
        ("preferences:updated", "ada", {"userId": "ada", "timeZone": zone, "version": version})
        for zone, version in (("Europe/Paris", 1), ("Europe/Berlin", 3), (None, 4))
    ]
