"""E-mails through an SMTP server, for the time that SES does not take them."""

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
from notification_service.ses_email import Email

PATIENCE = 10.0  # seconds for each of about 8 steps; together well within a delivery's lease


class WholeHeader(UnstructuredHeader, BaseHeader):
    """On one line: folded in encoded words, an address would be none any more."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class TextHeader(UnstructuredHeader, BaseHeader):
    """Is what was written: the library decodes what looks encoded and loses blanks."""

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
NO_SUCH_ADDRESS = re.compile(rb"5\.1\.\d")

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
        """`smtps://user:password@host:465`; `smtp` is STARTTLS, `smtp+plain` goes without TLS."""
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
    "SMTP_URL is not the address of a mail server: expected smtps://USER:PASSWORD@HOST:PORT, "
    "smtp:// for STARTTLS, or smtp+plain:// without a user."
)


class SmtpEmail:
    """Sends one e-mail a session."""

    def __init__(
        self, server: SmtpServer, *, sender: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._server, self._sender = server, sender
        self._tls = tls or ssl.create_default_context()

    def send(self, email: Email) -> str:
        """Send, and return the id that the message carries."""
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
        """Whatever breaks before the message is handed over, it was not sent."""
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
    """Our word for the server's answer; only what is about the address is final."""
    given = text.encode() if isinstance(text, str) else text
    if 400 <= code < 500:
        return RetryLater(f"The mail server answered {code}.")
    if NO_SUCH_ADDRESS.match(given):
        return Refused(f"The mail server answered {code}: there is no such address.")
    return Misconfigured(f"The mail server answered {code}; see whether SMTP_URL may send.")


def message_of(email: Email, sender: str) -> EmailMessage:
    """Its id is the occurrence's, so that a mail program shows a second one as the same."""
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
    raise Refused("The address is none that this mail server can be asked for.")
