"""Represents e-mails in SES, and delivers them to the inbox."""

import email
import email.policy
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr

from local import patience

SIMULATOR = "simulator.amazonses.com"
TIMEOUT = 5  # seconds


class InboxUnreachable(Exception):
    """Reports that the inbox does not accept e-mails now."""


@dataclass(frozen=True, kw_only=True)
class Email:
    """Describes a rendered e-mail to send."""

    message_id: str = ""
    sender: str
    to: Sequence[str]
    subject: str = ""
    text: str = ""
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    configuration_set: str | None = None

    def with_id(self, message_id: str) -> "Email":
        return replace(self, message_id=message_id)

    def bounced(self) -> list[str]:
        return [to for to in self.to if simulates(to, "bounce")]

    def complained(self) -> list[str]:
        return [to for to in self.to if simulates(to, "complaint")]

    def delivered(self) -> list[str]:
        bounced = self.bounced()
        return [to for to in self.to if to not in bounced]


def simulates(address: str, outcome: str) -> bool:
    """Return True if SES's mailbox simulator produces the outcome for an address."""
    mailbox, _, domain = parseaddr(address)[1].lower().partition("@")
    return domain == SIMULATOR and mailbox.partition("+")[0] == outcome


def from_mime(raw: str, envelope: Email) -> Email:
    """Return an e-mail in MIME format; the envelope takes precedence over the headers."""
    message = email.message_from_string(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return replace(
        envelope,
        sender=envelope.sender or str(message.get("From", "")),
        to=envelope.to or addresses_of(message),
        subject=str(message.get("Subject", "")),
        text=text.get_content() if text else "",
        html=html.get_content() if html else None,
        headers={name: str(value) for name, value in message.items()},
    )


def addresses_of(message: EmailMessage) -> list[str]:
    fields = [str(message[name]) for name in ("To", "Cc", "Bcc") if name in message]
    return [address for _, address in getaddresses(fields) if address]


class Inbox:
    """Delivers e-mails to the local inbox."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/api/emails"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def deliver(self, email: Email, recipients: Sequence[str]) -> None:
        content = {
            "messageId": email.message_id,
            "from": email.sender,
            "to": list(recipients),
            "subject": email.subject,
            "text": email.text,
            "html": email.html,
            "headers": dict(email.headers),
            "tags": dict(email.tags),
        }
        request = urllib.request.Request(
            self._url, json.dumps(content).encode(), {"Content-Type": "application/json"}
        )
        try:
            self._opener.open(request, timeout=patience.stretch(TIMEOUT)).close()
        except (OSError, urllib.error.URLError) as error:
            raise InboxUnreachable(f"the inbox at {self._url} did not answer: {error}") from error
