"""Sends e-mails through an SMTP server while SES does not accept them."""

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, localtime
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from notification_service.errors import (
    Misconfigured,
    OutcomeUnknown,
    ProviderError,
    Refused,
    RetryLater,
)
from notification_service.provider_answers import SMTP as SMTP_ANSWERS
from notification_service.provider_answers import error_class
from notification_service.ses_email import Email

# Seconds for each of about 8 steps; all steps are shorter than the lease of a delivery
PATIENCE = 10.0


class WholeHeader(UnstructuredHeader, BaseHeader):
    """Writes a header on one line, because a folded address would be encoded and invalid."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class TextHeader(UnstructuredHeader, BaseHeader):
    """Writes a header unchanged; the library decodes encoded words and removes spaces."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        super().parse(value, kwds)
        kwds["decoded"] = value

    def fold(self, *, policy: Policy) -> str:
        text = str(self)
        if not text.isascii() or "=?" in text:
            text = Header(text, "utf-8", header_name=self.name).encode(linesep=policy.linesep)
        return f"{self.name}: {text}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", WholeHeader)
HEADERS.map_to_type("subject", TextHeader)
SEVEN_BITS = SMTP.clone(cte_type="7bit", header_factory=HEADERS)
ENHANCED_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")

Security = Literal["tls", "starttls", "none"]
SCHEMES: dict[str, tuple[Security, int]] = {
    "smtps": ("tls", 465),
    "smtp": ("starttls", 587),
    "smtp+plain": ("none", 25),
}


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Parse `smtps://user:password@host:465`; `smtp` uses STARTTLS, `smtp+plain` no TLS."""
        try:
            parts = urlsplit(url)
            security, usual = SCHEMES[parts.scheme]
            port = parts.port or usual
        except (ValueError, KeyError):
            raise Misconfigured(EXPECTED_URL) from None
        if not parts.hostname or parts.path.strip("/") or (parts.username and security == "none"):
            raise Misconfigured(EXPECTED_URL)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(host=parts.hostname, port=port, security=security, user=user, password=password)


EXPECTED_URL = (
    "SMTP_URL must be the address of a mail server: smtps://USER:PASSWORD@HOST:PORT, "
    "smtp:// for STARTTLS, or smtp+plain:// without a user."
)


class SmtpEmail:
    """Sends one e-mail per session."""

    def __init__(
        self, server: SmtpServer, *, sender: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server, self._sender = server, sender
        self._tls = tls or ssl.create_default_context()

    def send(self, email: Email) -> str:
        """Send an e-mail and return its message id."""
        message = message_of(email, self._sender)
        with self._session() as session:
            expect(250, *session.mail(self._sender))
            expect(250, *session.rcpt(email.to))
            hand_over(session, message)
            with suppress(OSError):
                session.putcmd("QUIT")
        return str(message["Message-ID"])

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """Open a session; an error before the message is handed over means that it was not sent."""
        session: smtplib.SMTP | None = None
        try:
            session = self._open()
            yield session
        except (ssl.SSLCertVerificationError, smtplib.SMTPNotSupportedError) as error:
            problem = f"The mail server does not offer what SMTP_URL asks for ({error})."
            raise Misconfigured(problem) from error
        except smtplib.SMTPResponseException as error:
            raise error_of(error.smtp_code, error.smtp_error) from error
        except OSError as error:  # of which smtplib's errors are
            problem = f"The mail server could not be reached ({type(error).__name__})."
            raise RetryLater(problem) from error
        finally:
            if session:
                session.close()

    def _open(self) -> smtplib.SMTP:
        name = self._sender.rpartition("@")[2]
        address = (self._server.host, self._server.port)
        if self._server.security == "tls":
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                *address, name, timeout=PATIENCE, context=self._tls
            )
        else:
            session = smtplib.SMTP(*address, name, timeout=PATIENCE)
        try:
            if self._server.security == "starttls":
                session.starttls(context=self._tls)
            if self._server.user:
                session.login(self._server.user, self._server.password)
            session.ehlo_or_helo_if_needed()
        except BaseException:
            session.close()
            raise
        return session


def hand_over(session: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        answer = session.data(message.as_bytes())
    except smtplib.SMTPResponseException:
        raise
    except OSError as error:
        problem = f"The mail server had the message and did not answer ({type(error).__name__})."
        raise OutcomeUnknown(problem) from error
    expect(250, *answer)


def expect(wanted: int, code: int, text: bytes) -> None:
    if code != wanted and not (wanted == 250 and code == 251):  # 251: it is forwarded
        raise error_of(code, text)


def error_of(code: int, text: bytes | str) -> ProviderError:
    """Return the error class for the server's answer, without its text, which has the address."""
    given = text.decode(errors="replace") if isinstance(text, bytes) else text
    status = ENHANCED_STATUS.match(given)
    enhanced = status[0] if status else ""
    kind = error_class(SMTP_ANSWERS, code, enhanced)
    advice = "; check whether SMTP_URL may send" if kind is Misconfigured else ""
    return kind(f"The mail server answered {code} {enhanced}".rstrip() + f"{advice}.")


def message_of(email: Email, sender: str) -> EmailMessage:
    """Return the message; a repeated e-mail has the same id, so that mail programs show one."""
    message = EmailMessage(policy=SEVEN_BITS)
    message["Message-ID"] = f"<{email.occurrence_id}@{sender.rpartition('@')[2]}>"
    message["Date"] = format_datetime(localtime())
    message["From"] = Address(addr_spec=sender)
    message["To"] = recipient(email.to)
    message["Subject"] = email.text.subject
    for name, value in email.headers.items():
        message[name] = value
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(email.text.text)
    message.add_alternative(email.text.html, subtype="html")
    return message


def recipient(address: str) -> Address:
    try:
        if address.isascii():
            return Address(addr_spec=address)
    except (ValueError, MessageError, IndexError):
        pass
    raise Refused("Expected an e-mail address in ASCII, because mail servers may refuse others.")
