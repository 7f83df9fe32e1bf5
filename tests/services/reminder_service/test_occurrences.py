"""Snooze, acknowledge and complete: what they leave and what they tell, over HTTP."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from event_messages.contract import data_of
from event_messages.identifiers import occurrence_id

from tests.services.reminder_service.test_api import problem

ACTIONS = [("snooze", {"minutes": 5}), ("acknowledge", None), ("complete", None)]


@pytest.fixture
def made_at(api, body, clock):
    """Makes a reminder of 2 January, 9:00, and lets the time come."""

    def make(day=2, hour=9, **fields):
        made = api.post("/reminders", json={**body, **fields}).json()
        clock.now = clock.now.replace(day=day, hour=hour, minute=1)
        return f"/reminders/{made['id']}"

    return make


@pytest.mark.parametrize("by_id", [False, True])
def test_an_acknowledgement_names_its_occurrence(api, made_at, store, by_id):
    path = made_at(day=4, rule="FREQ=DAILY")
    date = datetime(2030, 1, 3, 9, tzinfo=UTC)
    id = occurrence_id(UUID(path.rpartition("/")[2]), date)
    named = {"occurrenceId": str(id)} if by_id else {"occurrence": date.isoformat()}
    answer = api.post(f"{path}/acknowledge", json=named)
    assert answer.json()["acknowledgedThrough"] == "2030-01-03T09:00:00Z"
    [(_, reminder)] = told(store)
    assert reminder.handled_through == date
    assert api.post(f"{path}/acknowledge", json=named).headers["etag"] == '"2"'


@pytest.mark.parametrize(
    "named",
    [
        {"occurrence": "2030-01-05T09:00:00Z"},
        {"occurrence": "2030-01-03T09:01:00Z"},
        {"occurrenceId": str(uuid4())},
    ],
)
def test_only_announced_occurrences_are_acknowledged(api, made_at, named):
    path = made_at(day=4, rule="FREQ=DAILY")
    answer = api.post(f"{path}/acknowledge", json=named)
    assert problem(answer) == (422, "UNKNOWN_OCCURRENCE")


def test_later_snooze_outlives_earlier_acknowledgement(api, made_at):
    path = made_at(day=4, rule="FREQ=DAILY")
    api.post(f"{path}/snooze", json={"minutes": 10})
    named = {"occurrence": "2030-01-03T09:00:00Z"}
    answer = api.post(f"{path}/acknowledge", json=named).json()
    assert answer["acknowledgedThrough"] == "2030-01-03T09:00:00Z"
    assert answer["snoozedUntil"] == "2030-01-04T09:11:00Z"


def told(store, since=1):
    return [(event.type, data_of(event)) for event in store.events[since:]]


def types(store, since=1):
    return [type for type, _ in told(store, since)]


def test_snooze_repeats_last_occurrence_later(api, made_at, store):
    path = made_at(rule="FREQ=DAILY", notifyOffset=15, url="https://example.com", urgent=True)
    answer = api.post(f"{path}/snooze", json={"minutes": 10})
    assert answer.status_code == 200
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["snoozedUntil"] == "2030-01-02T09:11:00Z"
    assert answer.json()["nextDate"] == "2030-01-03T09:00:00Z"
    assert answer.json()["date"] == "2030-01-02T09:00:00Z"
    (updated, reminder), (created, snooze) = told(store)
    assert (updated, created) == ("reminder:updated", "notification:create")
    assert reminder.handled_through.isoformat() == "2030-01-02T09:00:00+00:00"
    assert (reminder.change, reminder.until) == ("snoozed", snooze.deliver_at)
    assert snooze.model_dump(mode="json", exclude={"id"}, exclude_none=True) == {
        "version": 2,
        "user_id": "user-1",
        "email": "user@example.com",
        "deliver_at": "2030-01-02T09:11:00Z",
        "occurrence": "2030-01-02T09:00:00Z",
        "channel": "push",
        "message": "Water the plants",
        "url": "https://example.com",
        "reminder_id": str(reminder.id),
        "urgent": True,
        "time_zone": "UTC",
        "explicit_time": True,
    }
    assert snooze.id != reminder.id


def test_a_repeated_snooze_changes_nothing(api, made_at, store):
    path, body = made_at(), {"until": "2030-01-02T12:00:00+01:00"}
    first = api.post(f"{path}/snooze", json=body)
    assert api.post(f"{path}/snooze", json=body).json() == first.json()
    assert types(store) == ["reminder:updated", "notification:create"]


def test_next_snooze_replaces_the_first(api, made_at, store):
    path = made_at()
    for minutes in (10, 20, 10):
        api.post(f"{path}/snooze", json={"minutes": minutes})
    first, second, third = (event for event in told(store) if event[0] == "notification:create")
    ended = [data for type, data in told(store) if type == "notification:delete"]
    assert [(one.id, one.version) for one in ended] == [(first[1].id, 3), (second[1].id, 4)]
    assert (first[1].id, third[1].version) == (third[1].id, 4)


def test_repeated_snooze_is_another_notification(api, made_at, store, clock):
    path = made_at()
    api.post(f"{path}/snooze", json={"minutes": 10})
    clock.advance(minutes=30)
    api.post(f"{path}/snooze", json={"minutes": 10})
    first, second = (data for type, data in told(store) if type == "notification:create")
    assert first.occurrence == second.occurrence
    assert first.id != second.id


def test_early_snooze_postpones_the_occurrence(api, made_at, store):
    path = made_at(day=1, hour=20)
    early = api.post(f"{path}/snooze", json={"until": "2030-01-02T09:00:00Z"})
    assert problem(early) == (422, "INVALID_SNOOZE")
    answer = api.post(f"{path}/snooze", json={"until": "2030-01-02T10:00:00Z"}).json()
    assert (answer["nextDate"], answer["ended"]) == (None, False)
    (_, reminder), (_, snooze) = told(store)
    assert reminder.handled_through == snooze.occurrence == reminder.date


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"minutes": 0}, "VALIDATION"),
        ({"minutes": 43_201}, "VALIDATION"),
        ({"minutes": True}, "VALIDATION"),
        ({"minutes": 5, "until": "2030-01-02T12:00:00Z"}, "VALIDATION"),
        ({}, "VALIDATION"),
        ({"until": None}, "VALIDATION"),
        ({"until": "2030-01-02T12:00:00"}, "VALIDATION"),
        ({"until": "2030-01-02T09:01:59Z"}, "INVALID_SNOOZE"),
        ({"until": "2030-02-01T09:01:01Z"}, "INVALID_SNOOZE"),
    ],
)
def test_snooze_lasts_minute_to_thirty_days(api, made_at, store, asked, code):
    path = made_at()
    assert problem(api.post(f"{path}/snooze", json=asked)) == (422, code)
    assert types(store) == []


@pytest.mark.parametrize(
    "asked",
    [{"minutes": 1}, {"minutes": 43_200}, {"until": "2030-02-01T09:01:00Z"}],
)
def test_limits_of_snooze_are_accepted(api, made_at, asked):
    assert api.post(f"{made_at()}/snooze", json=asked).status_code == 200


def test_acknowledged_occurrence_cannot_be_snoozed(api, made_at, store):
    path = made_at(rule="FREQ=DAILY")
    api.post(f"{path}/snooze", json={"minutes": 10})
    answer = api.post(f"{path}/acknowledge").json()
    assert (answer["snoozedUntil"], answer["nextDate"]) == (None, "2030-01-03T09:00:00Z")
    assert answer["acknowledgedThrough"] == "2030-01-02T09:00:00Z"
    (_, snooze), (_, reminder), (_, ended) = told(store)[1:]
    assert reminder.handled_through == snooze.occurrence
    assert (reminder.change, reminder.until) == ("acknowledged", None)
    assert (ended.id, ended.version, ended.reminder_id) == (snooze.id, 3, reminder.id)


def test_repeated_acknowledgement_spares_next_occurrence(api, made_at, store):
    path = made_at(rule="FREQ=DAILY")
    first = api.post(f"{path}/acknowledge").json()
    assert api.post(f"{path}/acknowledge").json() == first
    assert types(store) == ["reminder:updated"]


def test_snooze_after_acknowledgement_concerns_next_occurrence(api, made_at, store):
    path = made_at(rule="FREQ=DAILY")
    api.post(f"{path}/acknowledge")
    api.post(f"{path}/snooze", json={"until": "2030-01-03T12:00:00Z"})
    assert told(store)[-1][1].occurrence.isoformat() == "2030-01-03T09:00:00+00:00"


def test_before_its_time_nothing_is_acknowledged(api, made_at, store):
    path = made_at(day=1, hour=20)
    assert api.post(f"{path}/acknowledge").json()["ended"] is False
    assert types(store) == []


def test_acknowledged_single_date_has_ended(api, made_at):
    path = made_at()
    assert api.post(f"{path}/acknowledge").json()["ended"] is True
    answer = api.post(f"{path}/snooze", json={"minutes": 5})
    assert problem(answer) == (409, "REMINDER_ENDED")


def test_completed_series_can_be_reopened(api, made_at, store):
    path = made_at(rule="FREQ=DAILY")
    api.post(f"{path}/snooze", json={"minutes": 10})
    answer = api.post(f"{path}/complete").json()
    assert (answer["completedAt"], answer["ended"]) == ("2030-01-02T09:01:00Z", True)
    assert (answer["nextDate"], answer["snoozedUntil"]) == (None, None)
    assert api.post(f"{path}/complete").json() == answer
    assert types(store, 3) == ["reminder:updated", "notification:delete"]
    completed = told(store)[2][1]
    assert (completed.completed, completed.change, completed.until) == (True, "completed", None)
    refused = api.post(f"{path}/snooze", json={"minutes": 5})
    assert problem(refused) == (409, "REMINDER_ENDED")
    renamed = api.patch(path, json={"message": "Feed the cat"}).json()
    assert renamed["ended"] is True
    opened = api.patch(path, json={"rule": "FREQ=DAILY"}).json()
    assert (opened["completedAt"], opened["nextDate"]) == (None, "2030-01-03T09:00:00Z")
    assert (told(store)[-1][1].completed, told(store)[-1][1].change) == (False, None)


def test_text_change_keeps_snooze(api, made_at, store):
    path = made_at(rule="FREQ=DAILY")
    api.post(f"{path}/snooze", json={"minutes": 10})
    api.patch(path, json={"message": "Feed the cat"})
    type, data = told(store)[-1]
    assert (type, data.message, data.version) == ("notification:update", "Feed the cat", 3)
    answer = api.patch(path, json={"rule": "FREQ=WEEKLY"}).json()
    assert answer["snoozedUntil"] is None
    type, data = told(store)[-1]
    assert (type, data.version) == ("notification:delete", 4)


def test_change_does_not_repeat_delivered_snooze(api, made_at, store, clock):
    path = made_at()
    api.post(f"{path}/snooze", json={"minutes": 10})
    clock.advance(minutes=11)
    api.patch(path, json={"message": "Feed the cat"})
    assert types(store, 3) == ["reminder:updated"]


@pytest.mark.parametrize(("action", "asked"), ACTIONS)
def test_actions_require_owner_and_read_version(api, made_at, action, asked, other):
    path = made_at()
    foreign = api.post(f"{path}/{action}", json=asked, headers=other)
    assert problem(foreign) == (403, "PERMISSION_DENIED")
    unknown = api.post(f"/reminders/{uuid4()}/{action}", json=asked)
    assert problem(unknown) == (404, "MISSING_REMINDER")
    stale = api.post(f"{path}/{action}", json=asked, headers={"If-Match": '"7"'})
    assert problem(stale) == (412, "VERSION_MISMATCH")
    assert api.get(path).json()["version"] == 1


def announcements(store):
    """When each notification of its own is to be delivered, and about what."""
    return [
        (data.deliver_at.isoformat(), data.occurrence.isoformat())
        for type, data in told(store)
        if type == "notification:create"
    ]


TEN = "2030-01-02T10:00:00+00:00"


@pytest.mark.parametrize("series", [{}, {"rule": "FREQ=DAILY"}])
def test_announced_date_is_announced_when_moved(api, made_at, store, series):
    path = made_at(date=TEN, notifyOffset=60, **series)  # it is 9:01
    answer = api.patch(path, json={"notifyOffset": 10}).json()
    assert answer["snoozedUntil"] == "2030-01-02T09:50:00Z"
    assert answer["nextDate"] == ("2030-01-03T10:00:00Z" if series else None)
    assert announcements(store) == [("2030-01-02T09:50:00+00:00", TEN)]
    assert told(store)[0][1].handled_through.isoformat() == TEN


def test_moved_date_can_move_again(api, made_at, store):
    path = made_at(date=TEN, notifyOffset=60)
    for offset in (10, 20, 5):
        assert api.patch(path, json={"notifyOffset": offset}).status_code == 200
    times = [time for time, _ in announcements(store)]
    assert times == [f"2030-01-02T09:{minute}:00+00:00" for minute in (50, 40, 55)]
    assert types(store).count("notification:delete") == 2
    assert api.get(path).json()["snoozedUntil"] == "2030-01-02T09:55:00Z"


@pytest.mark.parametrize("series", [{}, {"rule": "FREQ=DAILY"}])
@pytest.mark.parametrize("away", ["2030-01-02T12:00:00Z", "2030-01-05T10:00:00Z"])
def test_announced_date_is_announced_on_return(api, made_at, store, series, away):
    path = made_at(date=TEN, notifyOffset=60, **series)  # it is 9:01
    moved = api.patch(path, json={"date": away}).json()
    assert (moved["snoozedUntil"], announcements(store)) == (None, [])
    api.patch(path, json={"message": "Feed the cat"})
    back = api.patch(path, json={"date": TEN, "notifyOffset": 10}).json()
    assert back["snoozedUntil"] == "2030-01-02T09:50:00Z"
    assert back["nextDate"] == ("2030-01-03T10:00:00Z" if series else None)
    assert announcements(store) == [("2030-01-02T09:50:00+00:00", TEN)]


def test_date_of_two_schedules_is_reannounced(api, made_at, store, clock):
    path = made_at(date=TEN, notifyOffset=60)  # it is 9:01
    api.patch(path, json={"date": "2030-01-02T10:30:00Z"})
    clock.advance(minutes=31)
    api.patch(path, json={"date": TEN, "notifyOffset": 10})
    assert announcements(store) == [("2030-01-02T09:50:00+00:00", TEN)]


def test_unannounced_date_is_left_to_series(api, made_at, store):
    path = made_at(date=TEN, notifyOffset=30)
    assert api.patch(path, json={"notifyOffset": 10}).json()["snoozedUntil"] is None
    assert types(store) == ["reminder:updated"]


def test_past_date_is_not_reannounced(api, made_at, store):
    path = made_at(date="2030-01-02T09:00:00Z", rule="FREQ=DAILY", notifyOffset=60)
    answer = api.patch(path, json={"notifyOffset": 10}).json()
    assert (answer["snoozedUntil"], answer["nextDate"]) == (None, "2030-01-03T09:00:00Z")
    assert types(store) == ["reminder:updated"]
