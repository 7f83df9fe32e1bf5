import httpx
import pytest
from notification_service.api import device_api

from tests.services.notification_service.examples import roomy
from tests.services.notification_service.fake_devices import InMemoryDevices
from tests.services.notification_service.fakes import (
    InMemoryPreferences,
    InMemoryPush,
)

pytestmark = pytest.mark.parametrize("callers", ["gateway", "token"], indirect=True)

NIGHT = {"days": ["mo", "su"], "from": "22:00", "to": "07:00"}
DEFAULTS = {
    "timeZone": "UTC",
    "timeZoneSource": "default",
    "locale": "en",
    "quietHours": [],
    "channels": {"push": True, "email": True},
    "dailyDigest": None,
    "unsubscribed": False,
}
CHOSEN = {
    "timeZone": "Europe/Berlin",
    "timeZoneSource": "chosen",
    "locale": "de-AT",
    "quietHours": [NIGHT],
    "channels": {"push": False, "email": True},
    "dailyDigest": "18:05",
    "unsubscribed": True,
}


@pytest.fixture
def api(client_of, callers) -> httpx.Client:
    app = device_api(
        InMemoryDevices(),
        InMemoryPush(),
        InMemoryPreferences(),
        buckets=roomy(),
        live=bool,
        ready=bool,
        identity=callers.identity,
    )
    client: httpx.Client = client_of(app, headers=callers.headers("ada"))
    return client


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_unknown_user_has_the_defaults(api):
    answer = api.get("/preferences")
    assert (answer.status_code, answer.json()) == (200, DEFAULTS)
    assert answer.headers["etag"] == '"0"'


def test_what_is_put_replaces_all(api, callers):
    answer = api.put("/preferences", json=CHOSEN)
    assert (answer.status_code, answer.json()) == (200, CHOSEN)
    assert answer.headers["etag"] == '"1"'
    assert api.get("/preferences").json() == CHOSEN
    eve = callers.headers("eve")
    assert api.get("/preferences", headers=eve).json() == DEFAULTS
    assert api.put("/preferences", json={"unsubscribed": False}).json() == DEFAULTS


def test_unsubscription_lasts_until_explicit_change(api):
    api.put("/preferences", json=CHOSEN)
    assert api.put("/preferences", json={}).json() == DEFAULTS | {"unsubscribed": True}
    assert api.patch("/preferences", json={"unsubscribed": False}).json() == DEFAULTS


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({}, {}),
        ({"locale": "fr"}, {"locale": "fr"}),
        ({"channels": {"push": True}}, {"channels": {"push": True, "email": True}}),
        ({"channels": {"email": False}}, {"channels": {"push": False, "email": False}}),
        ({"quietHours": []}, {"quietHours": []}),
        ({"dailyDigest": None}, {"dailyDigest": None}),
        ({"dailyDigest": "00:00"}, {"dailyDigest": "00:00"}),
    ],
)
def test_a_change_changes_what_it_names(api, change, after):
    api.put("/preferences", json=CHOSEN)
    answer = api.patch("/preferences", json=change)
    assert (answer.status_code, answer.json()) == (200, CHOSEN | after)
    assert answer.headers["etag"] == ('"2"' if change else '"1"')


def test_change_applies_to_its_version(api):
    first = api.put("/preferences", json=CHOSEN).headers["etag"]
    matching = {"if-match": f'"7", {first}'}
    assert api.patch("/preferences", json={"locale": "fr"}, headers=matching).is_success
    for method in ("put", "patch"):
        answer = getattr(api, method)("/preferences", json={}, headers={"if-match": first})
        assert problem(answer) == (412, "VERSION_MISMATCH")
        assert answer.headers["etag"] == '"2"'
    assert api.get("/preferences").json() == CHOSEN | {"locale": "fr"}
    assert api.patch("/preferences", json={}, headers={"if-match": "*"}).is_success
    unquoted = api.patch("/preferences", json={}, headers={"if-match": "2"})
    assert problem(unquoted) == (422, "INVALID_HEADER")


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("DE", "de"), ("pt-br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419")],
)
def test_locale_is_written_canonically(api, given, canonical):
    assert api.put("/preferences", json={"locale": given}).json()["locale"] == canonical


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"more": 1},
        {"timeZone": "Mars/Base"},
        {"timeZone": None},
        {"timeZone": "../etc/passwd"},
        {"timeZone": "posixrules"},
        {"locale": "e"},
        {"locale": "en_US"},
        {"locale": "en\r\nX: y"},
        {"channels": {"pigeon": True}},
        {"channels": {"push": "yes"}},
        {"dailyDigest": "24:00"},
        {"dailyDigest": "8:00"},
        {"dailyDigest": "08:00:00"},
        {"unsubscribed": 1},
        {"quietHours": {}},
        {"quietHours": [NIGHT] * 15},
        {"quietHours": [NIGHT | {"days": []}]},
        {"quietHours": [NIGHT | {"days": ["monday"]}]},
        {"quietHours": [NIGHT | {"from": "22"}]},
        {"quietHours": [{"days": ["mo"], "from": "22:00"}]},
        {"quietHours": [NIGHT | {"begin": "22:00"}]},
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_body_is_refused(api, method, body):
    assert problem(api.request(method, "/preferences", json=body)) == (422, "VALIDATION")
    assert api.get("/preferences").json() == DEFAULTS


def test_endless_quiet_hours_are_refused(api):
    week = ["mo", "tu", "we", "th", "fr", "sa", "su"]
    always = [{"days": week, "from": "00:00", "to": "00:00"}]
    nearly = [{"days": week, "from": "12:00", "to": "11:30"}]
    for windows in (always, nearly):
        answer = api.put("/preferences", json={"quietHours": windows})
        assert problem(answer) == (422, "VALIDATION")
        assert "hour per week outside of quiet hours" in answer.json()["detail"]
    almost = [{"days": week, "from": "12:00", "to": "11:00"}]
    assert api.put("/preferences", json={"quietHours": almost}).is_success


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_a_request_of_nobody_is_refused(api, method):
    api.headers.clear()
    body = None if method == "GET" else {}
    answer = api.request(method, "/preferences", json=body)
    assert problem(answer) == (401, "UNAUTHENTICATED")
