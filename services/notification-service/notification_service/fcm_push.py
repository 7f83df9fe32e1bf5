"""Pushes through FCM HTTP v1."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from uuid import UUID

import httpx

from notification_service.errors import (
    InvalidToken,
    Misconfigured,
    ProviderError,
    Refused,
    RetryLater,
    Throttled,
    Unregistered,
)
from notification_service.texts import PushText

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
QUOTA_WAIT = 60.0  # seconds; FCM asks for a minute when a 429 names no time
OUTAGE_WAIT = 10.0  # seconds; FCM asks for ten when a 5xx names no time
LONGEST_WAIT = 3600.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Push:
    token: str
    text: PushText
    notification_id: UUID
    occurrence_id: UUID
    url: str | None = None  # that the app opens


class AccessToken(Protocol):
    def value(self) -> str:
        """A token that is still good for some minutes."""
        ...

    def forget(self) -> None:
        """Fetch another one next time."""
        ...


class FcmPush:
    """Sends to one Firebase project."""

    def __init__(self, http: httpx.Client, access: AccessToken, url: str, project: str) -> None:
        self._http = http
        self._access = access
        self._endpoint = f"{url.rstrip('/')}/v1/projects/{project}/messages:send"

    def check(self, token: str) -> None:
        """Ask FCM whether a push could reach the token, without sending one."""
        body = {"validate_only": True, "message": {"token": token, "data": {"check": "true"}}}
        try:
            self._post(body)
        except Refused as refusal:  # the message is ours and sound: what is wrong is the token
            raise InvalidToken(str(refusal)) from refusal

    def send(self, push: Push) -> str:
        """Send, and return FCM's name of the message."""
        return str(self._post({"message": message_of(push)})["name"])

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            response = self._request(body)
        except httpx.RequestError as error:
            problem = f"FCM could not be reached ({type(error).__name__})."
            raise RetryLater(problem, after=OUTAGE_WAIT) from error
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._access.forget()
        if not response.is_success:
            raise error_of(response)
        return answer_of(response)

    def _request(self, body: dict[str, Any]) -> httpx.Response:
        """A repeat is harmless even if the first arrived: the collapse key replaces it.

        All pushes share one connection, and FCM closes it now and then.
        """
        headers = {"Authorization": f"Bearer {self._access.value()}"}
        try:
            return self._http.post(self._endpoint, json=body, headers=headers)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return self._http.post(self._endpoint, json=body, headers=headers)


def message_of(push: Push) -> dict[str, Any]:
    """FCM's message; the occurrence is its collapse key, so that a repeat replaces it."""
    occurrence = str(push.occurrence_id)
    return {
        "token": push.token,
        "notification": {"title": push.text.title, "body": push.text.body},
        "data": {
            "notificationId": str(push.notification_id),
            "occurrenceId": occurrence,
            "url": push.url or "",
        },
        "android": {
            "collapse_key": occurrence,
            "priority": "HIGH",
            "notification": {"tag": occurrence},
        },
        "apns": {"headers": {"apns-collapse-id": occurrence, "apns-priority": "10"}},
    }


def answer_of(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "name" not in answer:
        raise Misconfigured("FCM answered without a message name; check FCM_URL.")
    return answer


def error_of(response: httpx.Response) -> ProviderError:
    """Our word for FCM's answer."""
    status, error = response.status_code, error_body(response)
    code = fcm_code(error) or str(error.get("status", ""))
    problem = f"FCM answered {status} {code}: {error.get('message', 'no message')}".strip()
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled(problem, after=wait_of(response, QUOTA_WAIT))
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return RetryLater(problem, after=wait_of(response, OUTAGE_WAIT))
    return refusal_of(status, code, error, problem)


def refusal_of(status: int, code: str, error: dict[str, Any], problem: str) -> ProviderError:
    if code == "UNREGISTERED":
        return Unregistered(problem)
    if code == "SENDER_ID_MISMATCH" or (code == "INVALID_ARGUMENT" and is_about_token(error)):
        return InvalidToken(problem)
    if status == httpx.codes.BAD_REQUEST:
        return Refused(problem)
    return Misconfigured(problem)


def error_body(response: httpx.Response) -> dict[str, Any]:
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


def details_of(error: dict[str, Any]) -> list[dict[str, Any]]:
    details = error.get("details")
    return [d for d in details if isinstance(d, dict)] if isinstance(details, list) else []


def fcm_code(error: dict[str, Any]) -> str | None:
    return next(
        (str(d["errorCode"]) for d in details_of(error) if "errorCode" in d and is_fcm_error(d)),
        None,
    )


def is_fcm_error(detail: dict[str, Any]) -> bool:
    return bool(detail.get("@type") == FCM_ERROR)


def is_about_token(error: dict[str, Any]) -> bool:
    """FCM says INVALID_ARGUMENT for a bad token and for a bad message; only its text differs."""
    if "registration token" in str(error.get("message", "")):
        return True
    violations = [v for d in details_of(error) for v in d.get("fieldViolations", [])]
    return any(v.get("field") == "message.token" for v in violations)


def wait_of(response: httpx.Response, otherwise: float) -> float:
    """Retry-After in seconds, given as a number or as a date."""
    given = response.headers.get("Retry-After", "")
    if given.isdigit():
        return min(float(given), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(given) - datetime.now(UTC)
    except (ValueError, TypeError):
        return otherwise
    return min(max(until.total_seconds(), 0.0), LONGEST_WAIT)
