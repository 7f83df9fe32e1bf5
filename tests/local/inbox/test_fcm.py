import json

import pytest

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


def message(token: str = "valid-1", **changes):
    return {
        "message": {
            "token": token,
            "notification": {"title": "Reminder", "body": "Tea"},
            "data": {"url": "https://example.com"},
            "android": {"collapse_key": "7"},
            **changes,
        }
    }


def error(code: int, status: str, text: str, fcm_code: str):
    details = [{"@type": FCM_ERROR, "errorCode": fcm_code}]
    return {"error": {"code": code, "message": text, "status": status, "details": details}}


def test_an_accepted_push_is_shown(client, send):
    response = send(message())
    assert response.status_code == 200
    assert response.json()["name"].startswith("projects/herald-local/messages/")
    (shown,) = client.get("/api/messages").json()
    del shown["id"], shown["receivedAt"]
    assert shown == {
        "channel": "push",
        "to": "valid-1",
        "title": "Reminder",
        "body": "Tea",
        "html": None,
        "data": {"url": "https://example.com"},
    }


def test_app_shows_data_message(client, send):
    send({"message": {"token": "valid-1", "data": {"title": "Reminder", "body": "Tea"}}})
    (shown,) = client.get("/api/messages").json()
    assert (shown["title"], shown["body"]) == ("Reminder", "Tea")


@pytest.mark.parametrize("token", ["valid-1", "throttled-1"])
@pytest.mark.parametrize("name", ["validate_only", "validateOnly"])
def test_dry_run_is_accepted_and_hidden(client, send, token, name):
    response = send(message(token) | {name: True})
    assert response.status_code == 200
    assert client.get("/api/messages").json() == []


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        (
            "unregistered-1",
            error(404, "NOT_FOUND", "Requested entity was not found.", "UNREGISTERED"),
        ),
        (
            "invalid-1",
            error(
                400,
                "INVALID_ARGUMENT",
                "The registration token is not a valid FCM registration token",
                "INVALID_ARGUMENT",
            ),
        ),
        (
            "else",
            error(
                400,
                "INVALID_ARGUMENT",
                "The registration token is not a valid FCM registration token",
                "INVALID_ARGUMENT",
            ),
        ),
    ],
)
def test_other_tokens_are_refused(client, send, token, refusal, dry_run):
    response = send(message(token) | {"validate_only": dry_run})
    assert (response.status_code, response.json()) == (refusal["error"]["code"], refusal)
    assert client.get("/api/messages").json() == []


def test_throttled_token_passes_the_third_time(client, send):
    tea, cake = message("throttled-1"), message("throttled-1", data={"of": "cake"})
    answers = [send(one) for one in (tea, cake, tea, tea, cake, cake, tea)]
    assert [answer.status_code for answer in answers] == [429, 429, 429, 200, 429, 200, 200]
    assert answers[0].headers["Retry-After"] == "1"
    assert answers[0].json() == error(
        429,
        "RESOURCE_EXHAUSTED",
        "Message rate exceeded for the device; try again later.",
        "QUOTA_EXCEEDED",
    )
    assert len(client.get("/api/messages").json()) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (message(data={"count": 1}), "message.data.count"),
        (message(colour="red"), "message.colour"),
        (message(token=""), "message"),
        (message(topic="news"), "message"),
        (message(data={"long": "x" * 4100}), "message"),
        (message(apns={"payload": {"aps": {"alert": "x" * 4100}}}), "message"),
        (message(android={"ttl": "4 hours"}), "message.android.ttl"),
        (message(android={"sound": "default"}), "message.android.sound"),
        (message(apns={"headers": {"apns-priority": 10}}), "message.apns.headers.apns-priority"),
        ({}, "message"),
    ],
)
def test_invalid_message_is_refused_by_field(client, send, body, field):
    response = send(body)
    problem = response.json()["error"]
    assert (response.status_code, problem["status"]) == (400, "INVALID_ARGUMENT")
    assert problem["details"][0]["fieldViolations"][0]["field"] == field
    assert problem["details"][1] == {"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"}
    assert client.get("/api/messages").json() == []


@pytest.mark.parametrize(
    "body", ["{", "[]", '"text"', "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")]
)
def test_non_object_json_is_refused(send, body):
    assert send(body).status_code == 400


def test_another_project_is_refused(send):
    response = send(message(), project="other")
    assert (response.status_code, response.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "bearer",
    [
        "",
        "ya29.9999999999.forged",
        "ya29.1.x",
        "valid",
        "ya29.9999999999.é".encode().decode("latin-1"),
    ],
)
def test_unknown_access_token_is_refused(client, send, bearer):
    response = send(message(), bearer=bearer.encode("ascii", "replace").decode())
    assert (response.status_code, response.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert client.get("/api/messages").json() == []


def test_no_authorization_is_refused(client):
    response = client.post("/v1/projects/p/messages:send", content=json.dumps(message()))
    assert response.status_code == 401
