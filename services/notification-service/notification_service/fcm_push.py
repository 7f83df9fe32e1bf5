"""Sends pushes through FCM HTTP v1."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from notification_service.errors import (
    ForeignToken,
    InvalidToken,
    Misconfigured,
    MisconfiguredForDevice,
    ProviderError,
    Refused,
    RetryLater,
    Throttled,
)
from notification_service.fcm_access import ServiceAccountAccess
from notification_service.fcm_message import LIFETIME, Push, message_of
from notification_service.provider_answers import FCM, error_class

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
QUOTA_WAIT = 60.0  # seconds; FCM asks for a minute if a 429 names no time
OUTAGE_WAIT = 10.0  # seconds; FCM asks for ten if a 5xx names no time
LONGEST_WAIT = 3600.0  # seconds
PATIENCE = 10.0  # seconds for access token, request and repeats together


class FcmPush:
    """Sends messages to one Firebase project."""

    def __init__(
        self,
        http: httpx.Client,
        access: ServiceAccountAccess,
        url: str,
        project: str,
        patience: float = PATIENCE,
        lifetime: timedelta = LIFETIME,
    ) -> None:
        self._http, self._lifetime = http, lifetime
        self._access = access
        self._endpoint = f"{url.rstrip('/')}/v1/projects/{project}/messages:send"
        self._patience = patience

    def check(self, token: str) -> None:
        """Ask FCM if a push could reach the token, without sending one."""
        body = {"validate_only": True, "message": {"token": token, "data": {"check": "true"}}}
        try:
            self._post(body)
        except (Refused, ForeignToken) as error:  # the message is valid, so the token is not
            raise InvalidToken(str(error)) from error
        except MisconfiguredForDevice:
            return  # for example an expired APNs key: the token is valid

    def send(self, push: Push) -> str:
        """Send a message and return its name at FCM."""
        return str(self._post({"message": message_of(push, self._lifetime)})["name"])

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + self._patience
        try:
            response = self._authorized(body, deadline)
        except httpx.RequestError as error:
            problem = f"FCM could not be reached ({type(error).__name__})."
            raise RetryLater(problem, after=OUTAGE_WAIT) from error
        if not response.is_success:
            raise error_of(response)
        return answer_of(response)

    def _authorized(self, body: dict[str, Any], deadline: float) -> httpx.Response:
        """Send again with a new access token if FCM rejects this one."""
        token = self._access.value(seconds_left(deadline))
        response = self._request(body, token, deadline)
        if not is_about_access_token(response):
            return response
        self._access.forget(token)
        return self._request(body, self._access.value(seconds_left(deadline)), deadline)

    def _request(self, body: dict[str, Any], token: str, deadline: float) -> httpx.Response:
        """Repeat a request after a broken connection; a phone replaces the first message.

        FCM closes the shared connection from time to time.
        """
        headers = {"Authorization": f"Bearer {token}"}
        try:
            return self._try(body, headers, deadline)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return self._try(body, headers, deadline)

    def _try(
        self, body: dict[str, Any], headers: dict[str, str], deadline: float
    ) -> httpx.Response:
        left = seconds_left(deadline)
        return self._http.post(self._endpoint, json=body, headers=headers, timeout=left)


def seconds_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise RetryLater("FCM did not answer in time.", after=OUTAGE_WAIT)
    return left


def answer_of(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "name" not in answer:
        raise Misconfigured("Expected the name of the message in FCM's answer; check FCM_URL.")
    return answer


def error_of(response: httpx.Response) -> ProviderError:
    """Return the error class for FCM's answer, by the table of its documented answers."""
    status, error = response.status_code, error_body(response)
    code = fcm_code(error) or str(error.get("status", ""))
    message = str(error.get("message", "no message"))
    problem = f"FCM answered {status} {code}: {message}"
    kind = error_class(FCM, status, code, " ".join([message, *violated_fields(error)]))
    if not issubclass(kind, RetryLater):
        return kind(problem)
    usual = QUOTA_WAIT if kind is Throttled else OUTAGE_WAIT if kind is RetryLater else None
    return kind(problem, after=wait_of(response, usual))


def is_about_access_token(response: httpx.Response) -> bool:
    """Return True if a 401 is about our access token, not about keys of Apple or web push."""
    return (
        response.status_code == httpx.codes.UNAUTHORIZED
        and fcm_code(error_body(response)) != "THIRD_PARTY_AUTH_ERROR"
    )


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
    own = [d for d in details_of(error) if d.get("@type") == FCM_ERROR and "errorCode" in d]
    return str(own[0]["errorCode"]) if own else None


def violated_fields(error: dict[str, Any]) -> list[str]:
    """Return the invalid fields, which distinguish a wrong token from a wrong message."""
    violations = [v for d in details_of(error) for v in d.get("fieldViolations", [])]
    return [str(violation.get("field", "")) for violation in violations]


def wait_of(response: httpx.Response, otherwise: float | None) -> float | None:
    """Return the seconds of Retry-After, which is a number or a date."""
    given = response.headers.get("Retry-After", "")
    if given.isdigit():
        return min(float(given), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(given) - datetime.now(UTC)
    except (ValueError, TypeError):
        return otherwise
    return min(max(until.total_seconds(), 0.0), LONGEST_WAIT)
