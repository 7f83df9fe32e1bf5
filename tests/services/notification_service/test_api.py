import httpx
import pytest
from notification_service.api import device_api
from notification_service.devices import DEVICES_PER_USER
from notification_service.errors import Misconfigured, RetryLater
from service_runtime.rate_limit import Rate

from tests.services.notification_service.fake_devices import InMemoryDevices
from tests.services.notification_service.fakes import (
    InMemoryPreferences,
    InMemoryPush,
)
from tests.services.service_runtime.fake_buckets import InMemoryBuckets

pytestmark = pytest.mark.parametrize("callers", ["gateway", "token"], indirect=True)

NOBODYS = "d3b07384-d9a0-4c5e-8f7a-0b6f2a6f1c11"


class BrokenCheck:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def check(self, token: str) -> None:
        raise self.error


@pytest.fixture
def devices() -> InMemoryDevices:
    return InMemoryDevices()


@pytest.fixture
def ada(callers):
    return callers.headers("ada", "ada@example.org")


@pytest.fixture
def eve(callers):
    return callers.headers("eve", "eve@example.org")


@pytest.fixture
def api(devices, client_of, callers, ada) -> httpx.Client:
    app = device_api(
        devices,
        InMemoryPush(),
        InMemoryPreferences(),
        buckets=InMemoryBuckets(Rate(1, 300), lambda: 0),
        live=bool,
        ready=bool,
        identity=callers.identity,
    )
    client: httpx.Client = client_of(app, headers=ada)
    return client


def register(api, token="valid-1", **options):
    return api.post("/device/register", json={"fcmToken": token}, **options)


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]


def test_a_registered_device_is_listed(api, devices):
    answer = register(api)
    assert answer.status_code == 201
    assert answer.json().keys() == {"id", "fcmToken", "createdAt"}
    assert answer.json()["fcmToken"] == "valid-1"
    assert api.get("/device").json() == [answer.json()]
    (event,) = devices.outbox
    assert (event.type, event.user_id) == ("device:registered", "ada")


def test_user_sees_only_their_devices(api, eve):
    register(api)
    assert api.get("/device", headers=eve).json() == []


def test_token_moves_to_last_user(api, eve, devices):
    first = register(api).json()
    second = register(api, headers=eve)
    assert second.status_code == 201
    assert api.get("/device").json() == []
    assert api.get("/device", headers=eve).json() == [second.json()]
    assert [(e.type, e.user_id, e.data) for e in devices.outbox[1:]] == [
        ("device:removed", "ada", {"deviceId": first["id"], "reason": "TRANSFERRED"}),
        ("device:registered", "eve", {"deviceId": second.json()["id"]}),
    ]


@pytest.mark.parametrize(
    "token",
    ["invalid-1", "unregistered-1", "", " ", "valid-\n", "valid-\x00", "välid", "v" * 1025, "a b"],
)
def test_token_that_fcm_rejects_is_refused(api, devices, token):
    assert problem(register(api, token)) == (422, "INVALID_TOKEN")
    assert devices.outbox == []


def test_second_registration_changes_nothing(api, devices):
    first, second = register(api), register(api)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert len(devices.outbox) == 1


def test_new_token_replaces_that_of_installation(api, devices):
    def start(token):
        body = {"fcmToken": token, "installationId": "installation-1"}
        return api.post("/device/register", json=body)

    first, second = start("valid-old"), start("valid-new")
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json() | {"fcmToken": "valid-new"}
    assert api.get("/device").json() == [second.json()]
    assert len(devices.outbox) == 1


def test_one_device_too_many_is_refused(api):
    for number in range(DEVICES_PER_USER):
        assert register(api, f"valid-{number}").status_code == 201
    assert problem(register(api, "valid-more")) == (422, "DEVICE_LIMIT_REACHED")


@pytest.mark.parametrize(
    "body", [{}, {"fcmToken": None}, {"fcmToken": 1}, {"fcmToken": "valid-1", "more": 1}, []]
)
def test_another_body_is_refused(api, body):
    assert problem(api.post("/device/register", json=body)) == (422, "VALIDATION")


def test_a_removed_device_is_gone(api, devices):
    id = register(api).json()["id"]
    answer = api.delete(f"/device/remove/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get("/device").json() == []
    assert [event.type for event in devices.outbox] == ["device:registered", "device:removed"]
    assert problem(api.delete(f"/device/remove/{id}")) == (422, "DEVICE_NOT_ASSOCIATED")


def test_another_users_device_cannot_be_removed(api, eve):
    id = register(api).json()["id"]
    answer = api.delete(f"/device/remove/{id}", headers=eve)
    assert problem(answer) == (422, "DEVICE_NOT_ASSOCIATED")
    assert len(api.get("/device").json()) == 1


@pytest.mark.parametrize("id", [NOBODYS, "7", "%00", "null"])
def test_unknown_device_cannot_be_removed(api, id):
    assert problem(api.delete(f"/device/remove/{id}")) == (422, "DEVICE_NOT_ASSOCIATED")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/device/register"), ("GET", "/device"), ("DELETE", f"/device/remove/{NOBODYS}")],
)
@pytest.mark.parametrize("user", [None, "", "u" * 257, "tab\tbed"])
def test_without_a_user_nothing_is_answered(api, callers, method, path, user):
    api.headers.clear()
    headers = {} if user is None else callers.headers(user)
    body = {"fcmToken": "valid-1"} if method == "POST" else None
    answer = api.request(method, path, json=body, headers=headers)
    assert problem(answer) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(RetryLater("no", after=7), "7"), (RetryLater("no"), "30"), (Misconfigured("no"), "30")],
)
def test_unavailable_fcm_prevents_registration(devices, client_of, callers, error, seconds, ada):
    check, identity = BrokenCheck(error), callers.identity
    app = device_api(
        devices,
        check,
        InMemoryPreferences(),
        buckets=InMemoryBuckets(Rate(1, 50), lambda: 0),
        live=bool,
        ready=bool,
        identity=identity,
    )
    answer = register(client_of(app, headers=ada))
    assert problem(answer) == (503, "PROVIDER_UNAVAILABLE")
    assert answer.headers["retry-after"] == seconds
    assert devices.outbox == []


@pytest.mark.parametrize("path", ["/device", "/preferences"])
def test_frequent_caller_is_asked_to_wait(api, path, eve):
    answers = [api.get(path) for _ in range(301)]
    assert [answer.status_code for answer in answers] == [200] * 300 + [429]
    assert answers[0].headers["ratelimit-remaining"] == "299"
    assert problem(answers[-1]) == (429, "TOO_MANY_REQUESTS")
    assert answers[-1].headers["retry-after"] == "1"
    assert api.get(path, headers=eve).status_code == 200


def test_the_contract_is_described(api):
    assert api.get("/docs").status_code == 200
    paths = api.get("/openapi.json").json()["paths"]
    assert {path: set(operations) for path, operations in paths.items()} == {
        "/device/register": {"post"},
        "/device": {"get"},
        "/device/remove/{id}": {"delete"},
        "/preferences": {"get", "put", "patch"},
    }


def test_registration_counts_as_ten_requests(api):
    left = int(api.get("/device").headers["RateLimit-Remaining"])
    register(api)
    assert int(api.get("/device").headers["RateLimit-Remaining"]) == left - 11
