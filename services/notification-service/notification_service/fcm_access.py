"""Fetches access tokens for FCM with the key of a service account."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import httpx
from google.auth import exceptions, transport
from google.auth.credentials import TokenState
from google.oauth2.service_account import Credentials

from notification_service.errors import Misconfigured, ProviderError, RetryLater
from notification_service.provider_answers import GOOGLE_TOKEN, error_class

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
FETCH_PATIENCE = 5.0  # seconds
FAILURE_REMEMBERED = 5.0  # seconds without another request after a failure


class ServiceAccountAccess:
    """Fetches one token from the account's token_uri and shares it until it nearly expires.

    One thread at a time sends a request. After a failure, no thread does so for some seconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        http: httpx.Client,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials, self._clock = credentials, clock
        self._request = HttpxRequest(http)
        self._lock = threading.Lock()
        self._failure: ProviderError | None = None
        self._failed_until = 0.0

    def value(self, patience: float) -> str:
        """Return a token that is valid for some minutes, within `patience` seconds.

        If it has expired, one thread renews it.
        """
        stale = self._credentials.token_state is TokenState.STALE
        if self._lock.acquire(timeout=0 if stale else patience):
            try:
                self._renew()
            finally:
                self._lock.release()
        elif not stale:
            raise RetryLater("Google's token endpoint did not answer in time.")
        return str(self._credentials.token)

    def forget(self, token: str) -> None:
        """Fetch another token next time, unless this one was replaced already."""
        with self._lock:
            if self._credentials.token == token:
                self._credentials.token = None

    def _renew(self) -> None:
        if self._credentials.token_state is TokenState.FRESH:
            return
        if self._failure is None or self._clock() >= self._failed_until:
            self._fetch()
        if self._failure and self._credentials.token_state is not TokenState.STALE:
            raise type(self._failure)(str(self._failure))

    def _fetch(self) -> None:
        self._failure = None
        try:
            self._credentials.refresh(self._request)  # type: ignore[no-untyped-call]
        except ProviderError as error:
            self._failure = error
        except exceptions.GoogleAuthError:
            # The text of the library can contain the answer of the endpoint, so it is omitted.
            self._failure = Misconfigured(
                "Google's token endpoint answered without a token; check token_uri of "
                "FCM_CREDENTIALS."
            )
        self._failed_until = self._clock() + FAILURE_REMEMBERED


class HttpxRequest(transport.Request):
    """Sends requests of google-auth through our HTTP client."""

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
    ) -> SimpleNamespace:
        try:
            response = self._http.request(
                method, url, content=body, headers=headers, timeout=FETCH_PATIENCE
            )
        except httpx.HTTPError as error:
            problem = f"Google's token endpoint could not be reached ({type(error).__name__})."
            raise RetryLater(problem) from error
        if not response.is_success:  # google-auth would sleep and try again
            raise error_of(response)
        return SimpleNamespace(
            status=response.status_code, headers=response.headers, data=response.content
        )


def error_of(response: httpx.Response) -> ProviderError:
    """Return the error class for an answer of the endpoint, without the text of the answer."""
    try:
        code = str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        code = ""
    kind = error_class(GOOGLE_TOKEN, response.status_code, code)
    if kind is Misconfigured:
        return Misconfigured("Google rejects FCM_CREDENTIALS; create a new key for the account.")
    return kind(f"Google's token endpoint answered {response.status_code}.")


def service_account(key: str) -> Credentials:
    """Return the credentials of a service account's JSON key; errors never contain the key."""
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
        "use the unchanged file of the Firebase console."
    )
