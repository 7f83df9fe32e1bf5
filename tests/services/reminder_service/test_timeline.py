"""What happened to a reminder: in memory, in DynamoDB, and over HTTP."""

import logging
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from event_messages.event import Event
from event_service.event_store import DynamoEventStore, item_of
from reminder_service.timeline import DynamoTimelines

from tests.services.event_table import make_event_table
from tests.services.reminder_service.conftest import NOW, Clock
from tests.services.reminder_service.fakes import InMemoryTimelines
from tests.services.reminder_service.test_api import problem

ID, ANOTHER = UUID(int=1), UUID(int=2)


class InMemory:
    def __init__(self, clock):
        self.timelines = InMemoryTimelines(clock)

    def append(self, event):
        self.timelines.items.append(item_of(event, NOW))


class InDynamo:
    """Written as the event service writes, read as this service reads."""

    def __init__(self, client, clock):
        make_event_table(client, "events")
        self.timelines = DynamoTimelines(client, "events", clock)
        self.append = DynamoEventStore(client, "events", lambda: NOW).append


@pytest.fixture(params=["memory", pytest.param("dynamodb", marks=pytest.mark.integration)])
def kept(request, clock):
    if request.param == "memory":
        return InMemory(clock)
    return InDynamo(request.getfixturevalue("aws")("dynamodb"), clock)


def event(type="reminder:updated", user_id="user-1", at=NOW, **data):
    return Event.new(type, user_id, {"id": str(ID), **data}, at)


def ids(page):
    return [one["id"] for one in page.events]


def test_events_are_paged_newest_last(kept):
    events = [event() for _ in range(5)]
    for one in reversed(events):
        kept.append(one)
    expected, pages, cursor = [str(one.id) for one in events], [], None
    while True:
        page = kept.timelines.page("user-1", ID, 2, cursor)
        pages.append(ids(page))
        cursor = UUID(pages[-1][-1])
        if not page.more:
            break
    assert pages == [expected[:2], expected[2:4], expected[4:]]


def test_full_last_page_has_no_successor(kept):
    kept.append(event())
    assert kept.timelines.page("user-1", ID, 1, None).more is False


def test_only_own_events_are_shown(kept):
    outcome = {"notificationId": str(uuid4()), "reminderId": str(ID), "half": 0.5, "one": 1}
    told = Event.new("notification:failed", "user-1", {**outcome, "reason": "Gone"}, NOW)
    for one in (event(user_id="user-2"), event(id=str(ANOTHER)), told):
        kept.append(one)
    [found] = kept.timelines.page("user-1", ID, 10, None).events
    assert found["id"] == str(told.id)
    assert found["data"] == {**outcome, "reason": "Gone"}


def test_events_expire_after_ninety_days(kept, clock):
    kept.append(event(at=NOW))
    kept.append(event(at=NOW + timedelta(days=1)))
    clock.advance(days=90)
    assert len(kept.timelines.page("user-1", ID, 10, None).events) == 1


def test_page_is_filled_past_hidden_events():
    class Client:
        """Answers as DynamoDB does when a filter leaves nothing of a page."""

        def __init__(self):
            self.asked = []

        def query(self, **request):
            self.asked.append(dict(request))
            if len(self.asked) == 1:
                return {"Items": [], "LastEvaluatedKey": {"id": {"S": "x"}}}
            return {"Items": [{"id": {"S": "y"}}]}

    client = Client()
    assert ids(DynamoTimelines(client, "events", Clock()).page("user-1", ID, 1, None)) == ["y"]
    assert client.asked[1]["ExclusiveStartKey"] == {"id": {"S": "x"}}


@pytest.fixture
def remembered(api, body, store, timelines):
    """A reminder whose events the event store has got."""

    def remember():
        timelines.items = [item_of(one, NOW) for one in store.events]

    path = f"/reminders/{api.post('/reminders', json=body).json()['id']}"
    api.post(f"{path}/snooze", json={"until": "2030-01-02T10:00:00Z"})
    remember()
    return path, remember


def test_the_owner_reads_the_timeline(api, remembered, store):
    path, _ = remembered
    answer = api.get(f"{path}/events").json()
    assert answer["nextCursor"] is None
    assert [item["type"] for item in answer["items"]] == [
        "reminder:created",
        "reminder:updated",
        "notification:create",
    ]
    assert answer["items"][0] == {
        "id": str(store.events[0].id),
        "type": "reminder:created",
        "occurredAt": "2030-01-01T12:00:00Z",
        "recordedAt": "2030-01-01T12:00:00Z",
        "reason": None,
        "change": None,
        "until": None,
        "data": store.events[0].data,
    }
    occasions = [(item["change"], item["until"]) for item in answer["items"]]
    assert occasions == [(None, None), ("snoozed", "2030-01-02T10:00:00Z"), (None, None)]
    first = api.get(f"{path}/events", params={"limit": 2}).json()
    assert first["nextCursor"] == first["items"][1]["id"]
    rest = api.get(f"{path}/events", params={"cursor": first["nextCursor"]}).json()
    assert first["items"] + rest["items"] == answer["items"]


def test_deleted_reminder_has_its_timeline(api, remembered, timelines):
    path, remember = remembered
    api.delete(path)
    remember()
    deleted = event("reminder:deleted", id=path.rpartition("/")[2])
    timelines.items.append(item_of(deleted, NOW))
    assert api.get(f"{path}/events").json()["items"][-1]["type"] == "reminder:deleted"


def test_page_after_last_is_empty(api, remembered):
    path, _ = remembered
    answer = api.get(f"{path}/events", params={"cursor": str(UUID(int=2**128 - 1))})
    assert answer.json() == {"items": [], "nextCursor": None}


def test_reminder_without_events_has_empty_timeline(api, body):
    id = api.post("/reminders", json=body).json()["id"]
    assert api.get(f"/reminders/{id}/events").json() == {"items": [], "nextCursor": None}


def test_foreign_and_unknown_timelines_are_refused(api, remembered, other):
    path, _ = remembered
    foreign = api.get(f"{path}/events", headers=other)
    assert problem(foreign) == (403, "PERMISSION_DENIED")
    assert problem(api.get(f"/reminders/{uuid4()}/events")) == (404, "MISSING_REMINDER")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x"])
def test_pages_have_limits(api, remembered, query):
    assert problem(api.get(f"{remembered[0]}/events?{query}")) == (422, "VALIDATION")


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="http://secret"),
        ClientError({"Error": {"Code": "ThrottlingException"}}, "Query"),
    ],
)
def test_silent_event_store_is_an_outage(api, remembered, timelines, monkeypatch, caplog, error):
    def fail(*asked):
        raise error

    monkeypatch.setattr(timelines, "page", fail)
    answer = api.get(f"{remembered[0]}/events")
    assert problem(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert "secret" not in answer.text
    [warned] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert vars(warned)["reason"] == f"{type(error).__name__}: {error}"
