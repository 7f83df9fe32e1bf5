"""A provider of pages for tests alone: one adapter file and one line in PROVIDERS add it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from notification_service.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    Throttled,
)
from notification_service.provider_answers import Answer, error_class

PAGE = {"number": "+33 1 23 45 67 89", "text": "Water the plants", "id": "0190b3d2"}
ANSWERS = (
    Answer(Refused, status="404"),
    Answer(Throttled, status="429"),
    Answer(RetryLater, status="5.."),
    Answer(Misconfigured),
)


class Pager:
    """Sends pages to an HTTP server."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def send(self, page: dict[str, str]) -> str:
        try:
            response = self._http.post("https://pager.test/pages", json=page)
        except httpx.ReadTimeout as error:
            raise OutcomeUnknown("No answer came.") from error
        if not response.is_success:
            raise error_class(ANSWERS, response.status_code)(f"answered {response.status_code}")
        return str(response.json()["id"])


class PagerChannel:
    """The adapter of the suite: a server that answers as the test says."""

    item, lost = PAGE, OutcomeUnknown
    answers = {"item": 404, "configuration": 401, "provider": 503, "throttling": 429}

    def __init__(self) -> None:
        self._kind, self._pages = "accepted", list[dict[str, Any]]()
        self.provider = Pager(httpx.Client(transport=httpx.MockTransport(self._respond)))

    def answer(self, kind: str) -> None:
        self._kind = kind

    def identities(self) -> list[str]:
        return [page["id"] for page in self._pages]

    def _respond(self, request: httpx.Request) -> httpx.Response:
        if self._kind == "lost":
            raise httpx.ReadTimeout("no answer", request=request)
        if self._kind != "accepted":
            return httpx.Response(self.answers[self._kind])
        self._pages.append(PAGE)
        return httpx.Response(200, json={"id": "page-1"})


@contextmanager
def pager(folder: Path) -> Iterator[PagerChannel]:
    yield PagerChannel()
