import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from event_messages.contract import data_of

pytestmark = pytest.mark.parametrize("callers", ["gateway", "token"], indirect=True)


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"]


def test_reminder_is_created_and_read(api, body, store):
    answer = api.post("/reminders", json=body)
    id = answer.json()["id"]
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/reminders/{id}"
    assert answer.headers["etag"] == '"1"'
    assert answer.json() == {
        "id": id,
        "userId": "user-1",
        "date": "2030-01-02T09:00:00Z",
        "isRecurring": False,
        "rule": None,
        "timeZone": "UTC",
        "exceptDates": [],
        "notifyOffset": 0,
        "notifyType": "push",
        "message": "Water the plants",
        "url": None,
        "urgent": False,
        "version": 1,
        "nextDate": "2030-01-02T09:00:00Z",
        "nextDates": ["2030-01-02T09:00:00Z"],
        "ended": False,
        "snoozedUntil": None,
        "acknowledgedThrough": None,
        "completedAt": None,
        "createdAt": "2030-01-01T12:00:00Z",
        "updatedAt": "2030-01-01T12:00:00Z",
    }
    assert api.get(f"/reminders/{id}").json() == answer.json()
    assert [event.type for event in store.events] == ["reminder:created"]


def test_answers_show_the_next_dates(api, body):
    body |= {"date": "2030-01-16T10:00:00Z", "rule": "freq=yearly; bymonthday=16;"}
    made = api.post("/reminders", json=body).json()
    assert made["rule"] == "FREQ=YEARLY;BYMONTHDAY=16"
    assert made["nextDates"] == [f"2030-0{month}-16T10:00:00Z" for month in (1, 2, 3)]
    assert api.get(f"/reminders/{made['id']}").json()["nextDates"] == made["nextDates"]


def test_a_refused_rule_names_its_part(api, body):
    answer = api.post("/reminders", json={**body, "rule": "FREQ=DAILY;COUNT=5000"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "body.rule",
            "code": "invalid_rule",
            "detail": "COUNT must be a whole number from 1 to 730; got 5000.",
        }
    ]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=MINUTELY;INTERVAL=4", "INVALID_RULE"),
        ("FREQ=DAILY;BYMINUTE=0,3", "INVALID_RULE"),
        ("FREQ=MINUTELY;INTERVAL=5", None),
        ("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,30", None),
    ],
)
def test_emails_keep_five_minutes_apart(api, body, rule, code):
    answer = api.post("/reminders", json={**body, "rule": rule, "notifyType": "email"})
    assert (answer.json().get("code"), answer.status_code) == (code, 422 if code else 201)
    pushes = api.post("/reminders", json={**body, "rule": rule})
    assert pushes.status_code == 201


def test_pages_by_cursor_miss_nothing(api, body):
    made = [api.post("/reminders", json={**body, "message": str(n)}).json() for n in range(5)]
    first = api.get("/reminders?limit=2").json()
    api.delete(f"/reminders/{first['items'][0]['id']}")
    second = api.get(f"/reminders?limit=2&cursor={first['nextCursor']}").json()
    third = api.get(f"/reminders?limit=2&cursor={second['nextCursor']}").json()
    found = [item["id"] for page in (first, second, third) for item in page["items"]]
    assert found == [one["id"] for one in made]
    assert third["nextCursor"] is None
    assert problem(api.get("/reminders?cursor=nonsense")) == (422, "INVALID_CURSOR")


def test_date_keeps_instant_despite_offset(api, body):
    body |= {"date": "2030-01-02T10:00:00+01:00", "notifyOffset": 60}
    assert api.post("/reminders", json=body).json()["date"] == "2030-01-02T09:00:00Z"


def test_event_contains_reminder_and_address(api, body, store):
    body |= {
        "notifyType": "email",
        "rule": "FREQ=DAILY",
        "timeZone": "Europe/Paris",
        "exceptDates": ["2030-01-03T09:00:00Z"],
        "notifyOffset": 15,
        "url": "https://example.com/plants",
        "urgent": True,
    }
    id = api.post("/reminders", json=body).json()["id"]
    data = data_of(store.events[0]).model_dump(mode="json", by_alias=True)
    expected = {"id": id, "version": 1, "userId": "user-1", "email": "user@example.com"}
    untouched = {"isRecurring": True, "handledThrough": None, "completed": False}
    untouched["scheduledFrom"] = "2030-01-01T12:00:00Z"
    assert data == {**body, **expected, **untouched}


@pytest.mark.parametrize("method", ["patch", "post"])
def test_update_keeps_unnamed_fields(api, body, store, method):
    made = api.post("/reminders", json={**body, "url": "https://example.com"}).json()
    changed = api.request(method, f"/reminders/{made['id']}", json={"message": "Feed the cat"})
    assert changed.status_code == 200
    assert changed.headers["etag"] == '"2"'
    assert changed.json() == {**made, "message": "Feed the cat", "version": 2}
    event = store.events[-1]
    assert (event.type, event.data["version"], event.data["url"]) == (
        "reminder:updated",
        2,
        "https://example.com",
    )


def test_deletion_removes_reminder_and_publishes(api, body, store):
    id = api.post("/reminders", json=body).json()["id"]
    answer = api.delete(f"/reminders/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert problem(api.get(f"/reminders/{id}")) == (404, "MISSING_REMINDER")
    event = store.events[-1]
    assert event.type == "reminder:deleted"
    assert event.data == {"id": id, "version": 2, "userId": "user-1"}


def test_series_shows_next_date_and_end(api, body, clock):
    body["rule"] = "FREQ=DAILY;COUNT=2"
    path = f"/reminders/{api.post('/reminders', json=body).json()['id']}"
    clock.advance(days=1)
    assert api.get(path).json()["nextDate"] == "2030-01-03T09:00:00Z"
    clock.advance(days=1)
    answer = api.get(path).json()
    assert (answer["nextDate"], answer["ended"]) == (None, True)
    [item] = api.get("/reminders").json()["items"]
    assert item == answer


def test_series_with_past_start_takes_next(api, body, store):
    body |= {"date": "2029-12-25T09:00:00Z", "isRecurring": True}
    answer = api.post("/reminders", json=body)
    assert (answer.status_code, answer.json()["nextDate"]) == (201, "2030-01-02T09:00:00Z")
    assert store.events[0].data["handledThrough"] == "2030-01-01T12:00:00Z"


def test_pages_have_total_and_soonest_first(api, body, other):
    for day in (4, 2, 3):
        api.post("/reminders", json={**body, "date": f"2030-01-0{day}T09:00:00Z"})
    page = api.get("/reminders", params={"limit": 2, "offset": 1}).json()
    assert [item["date"][:10] for item in page.pop("items")] == ["2030-01-03", "2030-01-04"]
    assert page.pop("nextCursor")
    assert page == {"total": 3, "limit": 2, "offset": 1}
    assert api.get("/reminders", headers=other).json()["total"] == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1"])
def test_pages_have_limits(api, query):
    assert problem(api.get(f"/reminders?{query}")) == (422, "VALIDATION")


def test_reminder_of_another_user_is_denied(api, body, store, other):
    path = f"/reminders/{api.post('/reminders', json=body).json()['id']}"
    for answer in (
        api.get(path, headers=other),
        api.get(f"{path}/events", headers=other),
        api.patch(path, json={"message": "Mine"}, headers=other),
        api.post(path, json={"message": "Mine"}, headers=other),
        api.delete(path, headers=other),
    ):
        assert problem(answer) == (403, "PERMISSION_DENIED")
    assert api.get(path).json()["message"] == body["message"]
    assert len(store.events) == 1


@pytest.mark.parametrize("method", ["get", "patch", "post", "delete"])
def test_an_unknown_reminder_is_missing(api, method):
    options = {"json": {}} if method in ("patch", "post") else {}
    answer = api.request(method, f"/reminders/{uuid4()}", **options)
    assert problem(answer) == (404, "MISSING_REMINDER")


@pytest.mark.parametrize("user", ["", "a" * 257, "a\x85b"])
def test_without_a_user_nothing_is_answered(api, body, callers, user):
    answer = api.post("/reminders", json=body, headers=callers.headers(user))
    assert problem(answer) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("address", ["", "user", "a@b", "a@b.com\t", "a b@example.com", "@b.com"])
def test_an_email_needs_a_valid_address(api, body, callers, address):
    headers = callers.headers("user-1", address)
    answer = api.post("/reminders", json={**body, "notifyType": "email"}, headers=headers)
    assert problem(answer) == (422, "MISSING_EMAIL_ADDRESS")
    assert api.post("/reminders", json=body, headers=headers).status_code == 201


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"date": "2030-01-01T12:01:00Z"}, "INVALID_DUEDATE"),
        ({"date": "2030-01-02T09:00:00"}, "VALIDATION"),
        ({"exceptDates": ["2030-01-03T09:00:00"], "rule": "FREQ=DAILY"}, "VALIDATION"),
        ({"rule": "FREQ=DAILY", "isRecurring": False}, "INVALID_RULE"),
        ({"rule": "FREQ=SECONDLY"}, "VALIDATION"),
        ({"timeZone": "right/Europe/Paris"}, "VALIDATION"),
        ({"message": "a\nb"}, "VALIDATION"),
        ({"url": "http://127.0.0.1/"}, "VALIDATION"),
        ({"unknown": 1}, "VALIDATION"),
    ],
)
def test_refusals_have_codes_and_change_nothing(api, body, store, change, code):
    assert problem(api.post("/reminders", json={**body, **change})) == (422, code)
    assert store.events == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (422, "VALIDATION")),
        (b"{", (400, "MALFORMED_BODY")),
        (b'"\xff"', (400, "MALFORMED_BODY")),
        (b"[" * 5_000, (400, "MALFORMED_BODY")),
        (b'{"message": "' + b"a" * 17_000, (413, "BODY_TOO_LARGE")),
        (rb'{"message": "\ud800"}', (422, "VALIDATION")),
        (rb'{"\ud800": 1}', (422, "VALIDATION")),
    ],
)
def test_hostile_bodies_are_refused(api, content, expected):
    headers = {"content-type": "application/json"}
    assert problem(api.post("/reminders", content=content, headers=headers)) == expected


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", ""])
def test_body_without_json_type_is_refused(api, content_type):
    headers = {"content-type": content_type}
    answer = api.post("/reminders", content=b'{"message": "a"}', headers=headers)
    assert problem(answer) == (422, "VALIDATION")


@pytest.mark.parametrize(
    ("if_match", "status"),
    [('"1"', 200), ('"7", "1"', 200), ("*", 200), ('"2"', 412), ('W/"1"', 412)]
    + [(malformed, 422) for malformed in ("1", "W/1", '"1', '"1" "2"', "")],
)
def test_change_applies_to_read_version(api, body, if_match, status):
    path = f"/reminders/{api.post('/reminders', json=body).json()['id']}"
    headers = {"If-Match": if_match}
    answer = api.patch(path, json={"message": "Feed the cat"}, headers=headers)
    assert answer.status_code == status
    version = api.get(path).json()["version"]
    assert version == (2 if status == 200 else 1)
    if status == 422:
        assert problem(answer) == (422, "INVALID_HEADER")
        assert problem(api.delete(path, headers=headers)) == (422, "INVALID_HEADER")
    if status == 412:
        assert problem(answer) == (412, "VERSION_MISMATCH")
        assert answer.headers["etag"] == '"1"'
        assert problem(api.delete(path, headers=headers)) == (412, "VERSION_MISMATCH")


def test_repeated_key_repeats_first_answer(api, body, store, clock):
    headers = {"Idempotency-Key": "a key"}
    first = api.post("/reminders", json=body, headers=headers)
    clock.advance(hours=23)  # the date is past by now, and still the answer is the same
    again = api.post("/reminders", json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert [again.headers[name] for name in ("location", "etag")] == [
        first.headers[name] for name in ("location", "etag")
    ]
    assert len(store.events) == 1
    clock.advance(hours=1)
    body["date"] = "2030-02-01T09:00:00Z"
    later = api.post("/reminders", json=body, headers=headers)
    assert (later.status_code, later.json()["id"]) != (201, first.json()["id"])


def test_key_belongs_to_request_and_user(api, body, other):
    headers = {"Idempotency-Key": "a key"}
    api.post("/reminders", json=body, headers=headers)
    changed = {**body, "message": "Feed the cat"}
    assert problem(api.post("/reminders", json=changed, headers=headers)) == (
        422,
        "IDEMPOTENCY_KEY_REUSED",
    )
    assert api.post("/reminders", json=changed, headers=headers | other).status_code == 201


@pytest.mark.parametrize("key", ["", "a" * 256, "a\x7fb"])
def test_a_malformed_key_is_refused(api, body, key):
    answer = api.post("/reminders", json=body, headers={"Idempotency-Key": key})
    assert problem(answer) == (422, "INVALID_HEADER")


@pytest.mark.parametrize("keys", [("one", "two"), ("one", "one"), ("one", "")])
@pytest.mark.parametrize("path", ["/reminders", "/reminders/bulk"])
def test_one_request_has_one_key(api, body, store, path, keys):
    content = body if path == "/reminders" else {"reminders": [body]}
    headers = [("Idempotency-Key", key) for key in keys]
    answer = api.post(path, json=content, headers=headers)
    assert problem(answer) == (422, "INVALID_HEADER")
    assert answer.json()["detail"] == "Expected the header Idempotency-Key once; got it 2 times."
    assert store.events == []


def test_user_has_limited_reminders(api, body, other):
    for _ in range(5):
        assert api.post("/reminders", json=body).status_code == 201
    assert problem(api.post("/reminders", json=body)) == (409, "TOO_MANY_REMINDERS")
    assert api.post("/reminders", json=body, headers=other).status_code == 201


def test_frequent_caller_is_asked_to_wait(api, clock, other):
    answers = [api.get("/reminders") for _ in range(51)]
    assert [answer.status_code for answer in answers] == [200] * 50 + [429]
    assert answers[0].headers["ratelimit-limit"] == "50"
    assert answers[0].headers["ratelimit-remaining"] == "49"
    assert problem(answers[-1]) == (429, "TOO_MANY_REQUESTS")
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].headers["ratelimit-reset"] == "50"
    assert api.get("/reminders", headers=other).status_code == 200
    clock.advance(seconds=1)
    assert [api.get("/reminders").status_code for _ in range(2)] == [200, 429]


def test_bulk_items_succeed_independently(api, body, store):
    bodies = [body, {**body, "date": "2029-01-01T00:00:00Z"}, {"message": 5}, body]
    answer = api.post("/reminders/bulk", json={"reminders": bodies})
    results = answer.json()["results"]
    assert answer.status_code == 200
    assert (answer.json()["created"], answer.json()["refused"]) == (2, 2)
    assert [(one["index"], one["status"]) for one in results] == [
        (0, 201),
        (1, 422),
        (2, 422),
        (3, 201),
    ]
    assert results[0]["reminder"] == api.get(f"/reminders/{results[0]['reminder']['id']}").json()
    assert results[1]["problem"]["code"] == "INVALID_DUEDATE"
    assert [error["field"] for error in results[2]["problem"]["errors"]] == ["message", "date"]
    assert [event.data["id"] for event in store.events] == [
        results[0]["reminder"]["id"],
        results[3]["reminder"]["id"],
    ]


HALF = '{"date": "2030-01-31T09:00:00Z", "message": "\\ud800"}'  # of a surrogate pair


@pytest.mark.parametrize("odd", ["5", '"x"', "null", "[[]]", HALF, f"[{HALF}]", '{"\\udfff": 1}'])
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "odd"}])
def test_invalid_item_does_not_spoil_others(api, body, odd, headers):
    content = f'{{"reminders": [{odd}, {json.dumps(body)}]}}'
    headers = {"content-type": "application/json", **headers}
    answer = api.post("/reminders/bulk", content=content, headers=headers)
    assert [one["status"] for one in answer.json()["results"]] == [422, 201]
    [error] = answer.json()["results"][0]["problem"]["errors"]
    assert error["field"] == "body"


def test_many_are_repeated_by_their_key(api, body, store):
    headers, request = {"Idempotency-Key": "many"}, {"reminders": [body, body]}
    first = api.post("/reminders/bulk", json=request, headers=headers)
    again = api.post("/reminders/bulk", json=request, headers=headers)
    assert again.content == first.content
    assert len(store.events) == 2
    assert problem(api.post("/reminders", json=body, headers=headers))[1] == (
        "IDEMPOTENCY_KEY_REUSED"
    )


@pytest.mark.parametrize("count", [0, 1001])
def test_bulk_takes_one_to_a_thousand(api, count):
    answer = api.post("/reminders/bulk", json={"reminders": [{}] * count})
    assert problem(answer) == (422, "VALIDATION")


def test_bulk_body_may_be_larger(api, body):
    large = api.post("/reminders/bulk", json={"reminders": [{**body, "url": "x" * 100_000}]})
    assert large.json()["refused"] == 1
    too_large = api.post("/reminders/bulk", json={"reminders": [{"message": "x" * 1024 * 1024}]})
    assert problem(too_large) == (413, "BODY_TOO_LARGE")


def test_ids_are_ordered_by_time(api, body, clock):
    ids = []
    for _ in range(3):
        ids.append(UUID(api.post("/reminders", json=body).json()["id"]))
        clock.now += timedelta(seconds=1)
    assert ids == sorted(ids)


def test_health_is_answered_without_a_user(api):
    api.headers.clear()
    for path in ("/health/live", "/health/ready"):
        assert api.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/reminders", "GET, HEAD, POST"),
        ("/reminders/bulk", "POST"),
        (f"/reminders/{UUID(int=1)}", "DELETE, GET, HEAD, PATCH, POST"),
    ],
)
def test_other_methods_list_allowed_ones(api, path, allowed):
    answer = api.put(path, json={})
    assert problem(answer) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allowed
