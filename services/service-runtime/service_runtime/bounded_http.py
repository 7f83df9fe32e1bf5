"""HTTP/1.1 with the limits that uvicorn lacks: on the size of heads and the time of requests."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service_runtime.problems import Problem

LARGEST_HEAD = 64 * 1024  # bytes, and one read more
PATIENCE = 60.0  # seconds from a request's first byte to its last


class BoundedHttp(HttpToolsProtocol):
    """Refuses requests whose head does not end, or which are not whole in time."""

    _unparsed = 0  # bytes since the parser last had something to tell
    _deadline: asyncio.TimerHandle | None = None
    _known = False  # whether `cycle` is of the request that is coming in

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > LARGEST_HEAD:
            detail = f"The head of the request is larger than {LARGEST_HEAD} bytes."
            self._refuse(Problem(431, "HEAD_TOO_LARGE", detail))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._known = False
        self._wait(PATIENCE)

    def on_headers_complete(self) -> None:
        self._unparsed = 0
        super().on_headers_complete()
        self._known = True

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unparsed = 0
        self._end_deadline()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem(400, "MALFORMED_REQUEST", msg))

    def _wait(self, seconds: float) -> None:
        self._end_deadline()
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _end_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.scope is None:  # nothing was asked, so an answer would be taken for the next one's
            return self.transport.close()
        detail = f"The request was not whole after {PATIENCE:.0f} seconds."
        self._refuse(Problem(408, "REQUEST_TIMEOUT", detail))

    def _refuse(self, problem: Problem) -> None:
        """Answer, unless an answer is under way or was given, and close."""
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
