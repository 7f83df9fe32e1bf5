import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from event_messages.content import Content
from google.auth import jwt
from notification_service.errors import (
    ForeignToken,
    InvalidToken,
    Misconfigured,
    MisconfiguredForDevice,
    Refused,
    RetryLater,
)
from notification_service.fcm_access import ServiceAccountAccess, service_account
from notification_service.fcm_message import Push, message_of
from notification_service.fcm_push import FcmPush
from notification_service.shared_connections import SharedConnections

from tests.services.notification_service.examples import (
    NINE,
    NOTIFICATION,
    OCCURRENCE,
    PUSH_TEXT,
    service_account_key,
)
from tests.services.notification_service.fcm_server import fcm_server

SEND = "https://fcm.test/v1/projects/herald-test/messages:send"
CONTENT = Content(message="Water the plants", url="https://example.org/plants")
PUSH = Push(
    token="valid-1",
    text=PUSH_TEXT,
    notification_id=NOTIFICATION,
    occurrence_id=OCCURRENCE,
    occurrence=NINE,
    content=CONTENT,
)


class Google:
    """Plays Google's token endpoint and FCM, and remembers every request."""

    def __init__(self, *answers: httpx.Response, expires_in: int = 3600) -> None:
        self.answers = list(answers)
        self.expires_in = expires_in
        self.token_answers: list[httpx.Response] = []
        self.requests: list[httpx.Request] = []
        self.tokens = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.host == "tokens.test":
            return self.token_answers.pop(0) if self.token_answers else self.new_token()
        if self.answers:
            return self.answers.pop(0)
        return httpx.Response(200, json={"name": "projects/herald-test/messages/1"})

    def new_token(self) -> httpx.Response:
        self.tokens += 1
        token = {"access_token": f"token-{self.tokens}", "expires_in": self.expires_in}
        return httpx.Response(200, json=token)

    def access(self, clock: Callable[[], float] = time.monotonic) -> ServiceAccountAccess:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return ServiceAccountAccess(service_account(service_account_key()), http, clock)

    def push(self) -> FcmPush:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return FcmPush(http, self.access(), "https://fcm.test/", "herald-test")

    @property
    def sends(self) -> list[httpx.Request]:
        return [request for request in self.requests if str(request.url) == SEND]

    @property
    def tokens_used(self) -> list[str]:
        return [send.headers["Authorization"].removeprefix("Bearer ") for send in self.sends]


def refusal(status: int, code: str, message: str = "no", **headers: str) -> httpx.Response:
    fcm_error = {
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
        "errorCode": code,
    }
    error = {"code": status, "message": message, "status": code, "details": [fcm_error]}
    return httpx.Response(status, json={"error": error}, headers=headers)


def bad_field(field: str) -> httpx.Response:
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": field}],
        },
        {
            "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
            "errorCode": "INVALID_ARGUMENT",
        },
    ]
    error = {"code": 400, "status": "INVALID_ARGUMENT", "message": "bad", "details": details}
    return httpx.Response(400, json={"error": error})


def test_a_push_is_one_request():
    google = Google()
    assert google.push().send(PUSH) == "projects/herald-test/messages/1"
    (request,) = google.sends
    assert request.method == "POST"
    assert request.headers["Authorization"] == "Bearer token-1"
    message = json.loads(request.content)["message"]
    expires = message["apns"]["headers"].pop("apns-expiration")
    assert abs(int(expires) - time.time() - 4 * 3600) < 60
    text = {"title": "Reminder", "body": "Water the plants"}
    occurrence = str(OCCURRENCE)
    assert message == {
        "token": "valid-1",
        "data": {
            **text,
            "notificationId": str(NOTIFICATION),
            "occurrenceId": occurrence,
            "occurrence": "2030-01-01T09:00:00Z",
            "url": "https://example.org/plants",
            "tag": occurrence,
            "channel": "reminders",
        },
        "android": {"priority": "HIGH", "ttl": "14400s"},
        "apns": {
            "headers": {
                "apns-collapse-id": occurrence,
                "apns-priority": "10",
                "apns-push-type": "alert",
            },
            "payload": {"aps": {"alert": text, "sound": "default"}},
        },
        "webpush": {
            "headers": {"TTL": "14400", "Urgency": "high"},
            "notification": {**text, "tag": occurrence},
        },
    }


def test_urgent_push_interrupts():
    message = message_of(
        replace(PUSH, content=CONTENT.model_copy(update={"urgent": True})), timedelta(hours=1)
    )
    assert message["data"]["channel"] == "urgent"
    assert message["apns"]["payload"]["aps"]["interruption-level"] == "time-sensitive"
    assert message["android"]["ttl"] == "3600s"


@pytest.mark.parametrize("body", ["x" * 1200, '"' * 1200, "👩‍👩‍👧‍👦" * 48, "я" * 600])
def test_longest_push_fits_every_platform(body):
    text = replace(PUSH_TEXT, title="ü" * 100, body=body)
    url = f"https://example.org/{'u' * 2000}"
    content = CONTENT.model_copy(update={"url": url})
    message = message_of(replace(PUSH, text=text, content=content))
    payload = json.dumps([message["data"], message["apns"]["payload"]], ensure_ascii=False)
    assert 3000 < len(payload.encode()) <= 4096
    assert message["data"]["url"] == url


def test_a_check_is_a_dry_run():
    google = Google()
    google.push().check("valid-1")
    (request,) = google.sends
    assert json.loads(request.content) == {
        "validate_only": True,
        "message": {"token": "valid-1", "data": {"check": "true"}},
    }


def test_dry_run_blames_token_for_refusals():
    with pytest.raises(InvalidToken):
        Google(bad_field("message")).push().check("invalid-1")


def test_foreign_token_is_not_registered():
    with pytest.raises(InvalidToken):
        Google(refusal(403, "SENDER_ID_MISMATCH")).push().check("valid-1")


def test_broken_apple_key_keeps_registration():
    Google(refusal(401, "THIRD_PARTY_AUTH_ERROR")).push().check("valid-1")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (bad_field("message.token"), InvalidToken),
        (bad_field("message.data[0].key"), Refused),
        (refusal(403, "SENDER_ID_MISMATCH"), ForeignToken),
        (httpx.Response(404, json={"error": "not found"}), Misconfigured),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test"}), Misconfigured),
        (httpx.Response(200, text="<html>a captive portal</html>"), Misconfigured),
        (httpx.Response(503, text="try later"), RetryLater),
    ],
)
def test_send_raises_class_of_answer(answer, expected):
    with pytest.raises(expected) as caught:
        Google(answer).push().send(PUSH)
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refusal(429, "QUOTA_EXCEEDED"), 60),
        (refusal(429, "QUOTA_EXCEEDED", **{"Retry-After": "7"}), 7),
        (refusal(503, "UNAVAILABLE", **{"Retry-After": "999999"}), 3600),
        (refusal(503, "UNAVAILABLE", **{"Retry-After": "soon"}), 10),
        (refusal(503, "UNAVAILABLE", **{"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}), 0),
        (refusal(503, "UNAVAILABLE"), 10),
    ],
)
def test_wait_is_fcms_or_the_minimum(answer, seconds):
    with pytest.raises(RetryLater) as caught:
        Google(answer).push().send(PUSH)
    assert caught.value.after == seconds


def test_retry_after_may_be_a_date():
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    with pytest.raises(RetryLater) as caught:
        Google(refusal(503, "UNAVAILABLE", **{"Retry-After": at})).push().send(PUSH)
    assert caught.value.after == pytest.approx(100, abs=3)


def test_network_failure_is_retried_later():
    google = Google()
    push = google.push()
    push.send(PUSH)

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    push._http = httpx.Client(transport=httpx.MockTransport(fail))
    with pytest.raises(RetryLater, match="ReadTimeout"):
        push.send(PUSH)


def test_access_token_is_fetched_once():
    google = Google()
    push = google.push()
    for _ in range(3):
        push.send(PUSH)
    tokens = [request for request in google.requests if request.url.host == "tokens.test"]
    assert len(tokens) == 1
    form = dict(httpx.QueryParams(tokens[0].content.decode()))
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], verify=False)
    assert claims["iss"] == "push@herald-test.iam.gserviceaccount.com"
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"


def test_access_token_is_renewed_before_expiry():
    google = Google(expires_in=60)  # within the margin from the start
    push = google.push()
    push.send(PUSH)
    push.send(PUSH)
    assert google.tokens_used == [
        "token-1",
        "token-2",
    ]


def test_old_token_serves_during_endpoint_outage():
    google = Google(expires_in=60)
    push = google.push()
    push.send(PUSH)
    google.token_answers.append(httpx.Response(503))
    push.send(PUSH)
    assert google.tokens_used == [
        "token-1",
        "token-1",
    ]


def test_rejected_access_token_is_replaced_once():
    google = Google(refusal(401, "UNAUTHENTICATED"))
    push = google.push()
    assert push.send(PUSH) == "projects/herald-test/messages/1"
    assert google.tokens_used == ["token-1", "token-2"]


def test_rejected_account_needs_a_person():
    google = Google(*[refusal(401, "UNAUTHENTICATED")] * 2)
    with pytest.raises(Misconfigured):
        google.push().send(PUSH)
    assert google.tokens_used == ["token-1", "token-2"]


def test_apple_key_error_keeps_access_token():
    google = Google(*[refusal(401, "THIRD_PARTY_AUTH_ERROR")] * 2)
    push = google.push()
    for _ in range(2):
        with pytest.raises(MisconfiguredForDevice):
            push.send(PUSH)
    assert google.tokens_used == ["token-1", "token-1"]


def test_failed_fetch_is_remembered():
    google = Google()
    google.token_answers += [httpx.Response(503)] * 2
    clock = iter([0.0, 1.0, 6.0, 6.0])
    access = google.access(lambda: next(clock))
    for _ in range(2):
        with pytest.raises(RetryLater, match="503"):
            access.value(1)
    assert len(google.requests) == 1
    with pytest.raises(RetryLater):
        access.value(1)
    assert len(google.requests) == 2


def test_threads_share_one_failed_fetch():
    google = Google()
    google.token_answers += [httpx.Response(503)] * 20

    def slowly(request: httpx.Request) -> httpx.Response:
        time.sleep(0.1)
        return google(request)

    http = httpx.Client(transport=httpx.MockTransport(slowly))
    access = ServiceAccountAccess(service_account(service_account_key()), http)

    def fetch() -> type[Exception] | None:
        try:
            access.value(5)
        except RetryLater as error:
            return type(error)
        return None

    with ThreadPoolExecutor(20) as threads:
        outcomes = [one.result() for one in [threads.submit(fetch) for _ in range(20)]]
    assert outcomes == [RetryLater] * 20
    assert len(google.requests) == 1


def test_hanging_fetch_ends_with_the_send():
    access = Google().access()
    access._lock.acquire()
    started = time.monotonic()
    with pytest.raises(RetryLater, match="in time"):
        access.value(0.05)
    assert time.monotonic() - started < 1


def test_send_ends_at_its_deadline(tmp_path):
    with (
        fcm_server(tmp_path, latency=5) as server,
        httpx.Client(transport=SharedConnections(server.tls)) as http,
    ):
        access = Google().access()
        access.value(5)
        push = FcmPush(http, access, server.url, "herald-test", patience=0.3)
        started = time.monotonic()
        with pytest.raises(RetryLater, match="ReadTimeout"):
            push.send(PUSH)
        assert time.monotonic() - started < 3


def test_missing_token_endpoint_is_retried_later():
    google = Google()
    google.token_answers.append(httpx.Response(503))
    with pytest.raises(RetryLater) as caught:
        google.push().send(PUSH)
    assert not isinstance(caught.value, Misconfigured)
    assert google.sends == []


def test_refused_credentials_need_a_person():
    google = Google()
    google.token_answers.append(httpx.Response(400, json={"error": "invalid_grant"}))
    with pytest.raises(Misconfigured, match="FCM_CREDENTIALS"):
        google.push().send(PUSH)


@pytest.mark.parametrize("key", ["", "{}", "secret-text", '{"private_key": "secret-text"}', "[]"])
def test_bad_credentials_stay_out_of_errors(key):
    with pytest.raises(Misconfigured, match="FCM_CREDENTIALS is not") as caught:
        service_account(key)
    assert "secret-text" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
