"""Serves HTTP/1.1 with limits on connections, the size of heads and the time of requests."""

import asyncio
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service_runtime.problems import Problem

LARGEST_HEAD = 64 * 1024  # bytes, plus one read
PATIENCE = 60.0  # seconds from the first to the last byte of a request
MOST_CONNECTIONS = 256  # at once; afterwards, the connection that is idle longest is closed
UPGRADE = (b"upgrade", b"connection", b"http2-settings")  # headers of an offer to upgrade


class BoundedHttp(HttpToolsProtocol):
    """Rejects requests whose head is too long, or which are incomplete after `PATIENCE`.

    Offers to upgrade the protocol are ignored, as RFC 9110 7.8 permits.
    """

    _unparsed = 0  # bytes since the last call of the parser
    _deadline: asyncio.TimerHandle | None = None
    _since = 0.0  # start of the wait for the client, on the clock of the loop
    _known = False  # True if `cycle` belongs to the incoming request

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(self.timeout_keep_alive)
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unparsed += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._is_offer():
                self._feed_without_offer(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Expected an HTTP/1.1 request.")
        if self._unparsed > LARGEST_HEAD:
            detail = f"The head of the request is larger than {LARGEST_HEAD} bytes."
            self._refuse(Problem(431, "HEAD_TOO_LARGE", detail))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._known = False
        self._wait(PATIENCE)

    def on_headers_complete(self) -> None:
        self._unparsed = 0
        if self._is_offer():
            return
        super().on_headers_complete()
        self._known = True

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed = 0
        if self._is_offer():
            return
        self._end_deadline()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem(400, "MALFORMED_REQUEST", msg))

    def _is_offer(self) -> bool:
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _feed_without_offer(self, rest: bytes) -> None:
        """Parse the request again without the offer, after which the parser accepts no body."""
        version = self.parser.get_http_version().encode()
        line = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, version)
        kept = [b"%s: %s\r\n" % one for one in self.headers if one[0] not in UPGRADE]
        if not self.parser.should_keep_alive():
            kept.append(b"connection: close\r\n")
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"".join([line, *kept, b"\r\n"]) + rest)

    def _make_room(self) -> None:
        """Close the connection that is idle longest, or this one if no other is idle."""
        connections = cast("set[BoundedHttp]", self.connections)
        opened = [one for one in connections if not one.transport.is_closing()]
        if len(opened) <= MOST_CONNECTIONS:
            return
        silent = [one for one in opened if one is not self and one._waits_for_client()]
        detail = f"More than {MOST_CONNECTIONS} connections are open; try again."
        problem = Problem(503, "TOO_MANY_CONNECTIONS", detail, headers={"Retry-After": "1"})
        min(silent, key=lambda one: one._since, default=self)._refuse(problem)

    def _waits_for_client(self) -> bool:
        return self._deadline is not None or self.cycle is None or self.cycle.response_complete

    def _wait(self, seconds: float) -> None:
        self._end_deadline()
        self._since = self.loop.time()
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _end_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.scope is None:  # without a request, clients would match the answer to the next one
            return self.transport.close()
        detail = f"The request was incomplete after {PATIENCE:.0f} seconds."
        self._refuse(Problem(408, "REQUEST_TIMEOUT", detail))

    def _refuse(self, problem: Problem) -> None:
        """Send the problem, unless an answer has started, and close the connection."""
        if self.transport.is_closing():
            return
        if not self._is_answered():
            self.transport.write(_message(problem))
        self.transport.close()

    def _is_answered(self) -> bool:
        if self.cycle is None:
            return False
        return self.cycle.response_started if self._known else not self.cycle.response_complete


def _message(problem: Problem) -> bytes:
    answer = problem.response()
    headers = [*answer.raw_headers, (b"connection", b"close")]
    lines = [b"%s: %s\r\n" % header for header in headers]
    return b"".join([STATUS_LINE[answer.status_code], *lines, b"\r\n", bytes(answer.body)])
