"""Access tokens for FCM, from a service account's key."""

import json
import threading
from collections.abc import Mapping
from typing import Any

import httpx
from google.auth import exceptions, transport
from google.auth.credentials import TokenState
from google.oauth2.service_account import Credentials

from notification_service.errors import Misconfigured, RetryLater

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


class ServiceAccountAccess:
    """Fetches one token from the account's token_uri and shares it until shortly before its end."""

    def __init__(self, credentials: Credentials, http: httpx.Client) -> None:
        self._credentials = credentials
        self._request = HttpxRequest(http)
        self._lock = threading.Lock()

    def value(self) -> str:
        with self._lock:
            if self._credentials.token_state is not TokenState.FRESH:
                self._refresh()
            return str(self._credentials.token)

    def forget(self) -> None:
        with self._lock:
            self._credentials.token = None

    def _refresh(self) -> None:
        try:
            self._credentials.refresh(self._request)  # type: ignore[no-untyped-call]
        except exceptions.TransportError as error:
            if self._credentials.token_state is TokenState.STALE:
                return  # good for some minutes more; the next call tries again
            raise RetryLater("Google's token endpoint could not be reached.") from error
        except exceptions.GoogleAuthError as error:
            # The library's text can repeat the endpoint's answer, so it stays out of ours.
            raise Misconfigured("Google refuses FCM_CREDENTIALS; give a valid key.") from error


class HttpxRequest(transport.Request):
    """Lets google-auth send through our HTTP client."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> "HttpxResponse":
        try:
            response = self._http.request(method, url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise transport_error(type(error).__name__) from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
            # google-auth would sleep and try again here; the queue does that better.
            raise transport_error(f"status {response.status_code}")
        return HttpxResponse(response)


def transport_error(problem: str) -> exceptions.TransportError:
    return exceptions.TransportError(problem)  # type: ignore[no-untyped-call]


class HttpxResponse(transport.Response):
    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def data(self) -> bytes:
        return self._response.content


def service_account(key: str) -> Credentials:
    """Credentials from a service account's JSON key; an error never repeats the key."""
    try:
        info = json.loads(key)
        account: Credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            info, scopes=[SCOPE]
        )
        return account
    except (ValueError, TypeError, AttributeError, exceptions.GoogleAuthError):
        pass
    raise Misconfigured(
        "FCM_CREDENTIALS is not a Google service account's JSON key; "
        "give the file that the Firebase console makes, as it is."
    )
