"""Every provider behind one shape, so that one suite covers them all.

To add a provider, write an adapter here and add it to PROVIDERS.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
from botocore.exceptions import ClientError, ReadTimeoutError
from event_messages.content import Content
from notification_service.errors import OutcomeUnknown, ProviderError, RetryLater
from notification_service.fcm_message import Push
from notification_service.fcm_push import FcmPush
from notification_service.ses_email import Email, SesEmail
from notification_service.smtp_email import SmtpEmail, SmtpServer

from tests.services.notification_service.examples import (
    EMAIL_TEXT,
    NINE,
    NOTIFICATION,
    OCCURRENCE,
    PUSH_TEXT,
)
from tests.services.notification_service.mail_server import MailServer, mail_server
from tests.services.notification_service.pager import pager

EMAIL = Email(to="ada@example.org", text=EMAIL_TEXT, occurrence_id=OCCURRENCE)
PUSH = Push(
    token="valid-1",
    text=PUSH_TEXT,
    notification_id=NOTIFICATION,
    occurrence_id=OCCURRENCE,
    occurrence=NINE,
    content=Content(message="Water the plants"),
)


class Channel(Protocol):
    """One provider's adapter and a server that answers as the test says."""

    item: Any
    answers: Any  # by kind
    lost: type[ProviderError]  # what an answer that never came means

    @property
    def provider(self) -> Any: ...

    def answer(self, kind: str) -> None:
        """Answer from now on: accepted, item, configuration, provider, throttling, lost."""
        ...

    def identities(self) -> list[str]:
        """Return what tells a repeat from another item, for each item that was sent."""
        ...


class Fcm:
    item, lost = PUSH, RetryLater  # a phone shows a repeated push in place of the first
    answers = {
        "accepted": (200, ""),
        "item": (404, "UNREGISTERED"),
        "configuration": (403, "PERMISSION_DENIED"),
        "provider": (503, "UNAVAILABLE"),
        "throttling": (429, "QUOTA_EXCEEDED"),
    }

    def __init__(self, _: Path) -> None:
        self._kind, self._bodies = "accepted", list[dict[str, Any]]()
        http = httpx.Client(transport=httpx.MockTransport(self._respond))
        self.provider = FcmPush(http, self, "https://fcm.test", "herald-test")

    def value(self, patience: float) -> str:
        return "token"

    def forget(self, token: str) -> None: ...

    def answer(self, kind: str) -> None:
        self._kind = kind

    def identities(self) -> list[str]:
        return [body["message"]["data"]["tag"] for body in self._bodies]

    def _respond(self, request: httpx.Request) -> httpx.Response:
        if self._kind == "lost":
            raise httpx.ReadTimeout("no answer", request=request)
        status, code = self.answers[self._kind]
        if status == httpx.codes.OK:
            self._bodies.append(json.loads(request.content))
            return httpx.Response(status, json={"name": "projects/herald-test/messages/1"})
        detail = {
            "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
            "errorCode": code,
        }
        error = {"status": code, "message": "no", "details": [detail]}
        return httpx.Response(status, json={"error": error})


class Ses:
    item, lost = EMAIL, OutcomeUnknown
    answers = {
        "item": (400, "MessageRejected", "The message contains invalid content."),
        "configuration": (400, "MessageRejected", "Email address is not verified."),
        "provider": (503, "ServiceUnavailable", ""),
        "throttling": (429, "TooManyRequestsException", ""),
    }

    def __init__(self, _: Path) -> None:
        self._kind, self._requests = "accepted", list[dict[str, Any]]()
        self.provider = SesEmail(
            self, sender="reminders@example.org", template="reminder", configuration_set="email"
        )

    def answer(self, kind: str) -> None:
        self._kind = kind

    def identities(self) -> list[str]:
        return [request["EmailTags"][0]["Value"] for request in self._requests]

    def send_email(self, **request: Any) -> dict[str, Any]:
        if self._kind == "accepted":
            self._requests.append(request)
            return {"MessageId": "ses-1"}
        if self._kind == "lost":
            raise ReadTimeoutError(endpoint_url="https://ses.test")
        status, code, text = self.answers[self._kind]
        metadata: Any = {"HTTPStatusCode": status}
        response: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": metadata}
        raise ClientError(response, "SendEmail")


class Smtp:
    item, lost = EMAIL, OutcomeUnknown
    answers = {
        "accepted": {},
        "item": {"RCPT": "550 5.1.1 no such user"},
        "configuration": {"MAIL": "550 5.7.1 not your address"},
        "provider": {"DATA": "451 4.3.0 later"},
        "lost": {".": ""},
    }

    def __init__(self, mail: MailServer) -> None:
        self._mail = mail
        server = SmtpServer.parse(f"smtp://ada:pass@localhost:{mail.port}")
        self.provider = SmtpEmail(server, sender="reminders@example.org", tls=mail.tls)

    def answer(self, kind: str) -> None:
        self._mail.answers = dict(self.answers[kind])

    def identities(self) -> list[str]:
        lines = [line for text in self._mail.messages for line in text.splitlines()]
        return [line for line in lines if line.startswith("Message-ID:")]


@contextmanager
def smtp(folder: Path) -> Iterator[Channel]:
    with mail_server(folder) as mail:
        yield Smtp(mail)


@contextmanager
def fcm(folder: Path) -> Iterator[Channel]:
    yield Fcm(folder)


@contextmanager
def ses(folder: Path) -> Iterator[Channel]:
    yield Ses(folder)


PROVIDERS = {"fcm": fcm, "ses": ses, "smtp": smtp}
PROVIDERS |= {"pager": pager}  # of tests alone; it proves that one line adds a provider
