"""An FCM of a test's own that speaks HTTP/2 and answers as slowly as the test says."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, StreamEnded, StreamReset

from tests.services.notification_service.mail_server import server_tls

ANSWER = json.dumps({"name": "projects/test/messages/1"}).encode()
HEADERS = [(":status", "200"), ("content-type", "application/json")]


@dataclass
class FcmServer:
    latency: float = 0.05  # seconds
    closes_after: int = 0  # streams after which the first connection ends; 0 for never
    port: int = 0
    certificate: Path | None = None
    connections: int = 0
    streams: int = 0
    at_work: int = 0
    most_at_work: int = 0
    bodies: list[bytes] = field(default_factory=list)
    open: set[asyncio.Transport] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext:
        """What a client needs to trust this server."""
        return ssl.create_default_context(cafile=self.certificate)

    async def end(self, listening: asyncio.Server) -> None:
        """Close every connection; a loop that stops before leaves its sockets open."""
        listening.close()
        for transport in self.open:
            transport.abort()
        while self.open:
            await asyncio.sleep(0.01)


class Connection(asyncio.Protocol):
    def __init__(self, server: FcmServer) -> None:
        self.server = server
        self.h2 = H2Connection(H2Configuration(client_side=False))
        self.bodies: dict[int, bytes] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.open.add(transport)
        self.server.connections += 1
        self.number = self.server.connections
        self.h2.initiate_connection()
        self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        self.server.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, DataReceived):
                self.bodies[event.stream_id] = self.bodies.get(event.stream_id, b"") + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                self.begin(event.stream_id)
            elif isinstance(event, StreamReset):
                self.server.at_work -= 1
        self.flush()

    def begin(self, stream: int) -> None:
        server = self.server
        server.streams += 1
        if self.number == 1 and server.closes_after and server.streams > server.closes_after:
            self.transport.abort()
            return
        server.at_work += 1
        server.most_at_work = max(server.most_at_work, server.at_work)
        asyncio.get_running_loop().call_later(server.latency, self.answer, stream)

    def answer(self, stream: int) -> None:
        self.server.at_work -= 1
        if self.transport.is_closing():
            return
        self.server.bodies.append(self.bodies.pop(stream))
        self.h2.send_headers(stream, HEADERS)
        self.h2.send_data(stream, ANSWER, end_stream=True)
        self.flush()

    def flush(self) -> None:
        self.transport.write(self.h2.data_to_send())


@contextmanager
def fcm_server(folder: Path, **behaviour: float) -> Iterator[FcmServer]:
    server = FcmServer(**behaviour)  # type: ignore[arg-type]
    context, server.certificate = server_tls(folder), folder / "certificate.pem"
    context.set_alpn_protocols(["h2"])
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(
        loop.create_server(lambda: Connection(server), "127.0.0.1", 0, ssl=context)
    )
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.end(listening), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
