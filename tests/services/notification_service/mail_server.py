"""A mail server of a test's own, which answers as the test says."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServer:
    """`answers` replaces the answer to a verb or a line; an empty one closes the connection."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    certificate: Path | None = None

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client needs to trust this server."""
        return ssl.create_default_context(cafile=self.certificate)


USUAL = {
    "EHLO": "250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN",
    "STARTTLS": "220 go ahead",
    "AUTH": "235 welcome",
    "DATA": "354 go on",
    ".": "250 taken",
    "QUIT": "221 bye",
}


class Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.mail: MailServer = self.server.mail  # type: ignore[attr-defined]
        if not self.answer("CONNECT", "220 test"):
            return
        while line := self.rfile.readline():
            self.mail.commands.append(text := line.decode().strip())
            verb = text.partition(" ")[0].upper()
            usual = self.mail.answers.get(text, USUAL.get(verb, "250 fine"))
            if not self.answer(verb, usual) or verb == "QUIT":
                return
            if verb == "STARTTLS":
                self.encrypt()
            if verb == "DATA" and "DATA" not in self.mail.answers and not self.take():
                return

    def answer(self, verb: str, usual: str) -> bool:
        answer = self.mail.answers.get(verb, usual)
        if answer:
            self.wfile.write(answer.encode() + b"\r\n")
        return bool(answer)

    def take(self) -> bool:
        lines = []
        while (line := self.rfile.readline().decode()) not in ("", ".\r\n"):
            lines.append(line)
        self.mail.messages.append("".join(lines))
        return self.answer(".", USUAL["."])

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def encrypt(self) -> None:
        self.request = self.server.tls.wrap_socket(  # type: ignore[attr-defined]
            self.request, server_side=True
        )
        self.setup()


class Server(socketserver.ThreadingTCPServer):
    """Closing it waits until every conversation has been heard to its end."""

    def __init__(self, mail: MailServer, tls: ssl.SSLContext, encrypted: bool) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.mail, self.tls, self.encrypted = mail, tls, encrypted

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        if self.encrypted:
            connection = self.tls.wrap_socket(connection, server_side=True)
        return connection, address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust the certificate ends the handshake."""


@contextmanager
def mail_server(folder: Path, *, encrypted: bool = False) -> Iterator[MailServer]:
    """Its `commands` are complete once it is left."""
    mail = MailServer(certificate=folder / "certificate.pem")
    with Server(mail, server_tls(folder), encrypted) as server:
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join()


def server_tls(folder: Path) -> ssl.SSLContext:
    """With a certificate for localhost that is made for this run."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
