"""Runs the parts of a service until SIGTERM, then lets them finish."""

import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn, Protocol

from event_messages.errors import Explained
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_runtime.metrics_server import MetricsServer
from service_runtime.settings import ServiceSettings
from service_runtime.span_export import finish_export

DRAIN = 1.5  # seconds; a cluster removes the address of a pod within one
LAST_PARTS = 3.0  # seconds of the grace period for the parts of `after`
READY = "/health/ready"

logger = logging.getLogger(__name__)


class PortUnavailable(Explained):
    """Reports that another process listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Expected a free port; could not open {port}. Set another port.")


class Part(Protocol):
    """Runs until `stop`, for example an HTTP server, a consumer or a relay."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


class Draining:
    """Reports the application as not ready while `draining`, and closes each connection."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.draining = app, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.draining or scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("connection", "close")
            await send(message)

        if scope["path"] == READY:
            body = {"status": "unavailable", "reason": "the service is stopping"}
            return await JSONResponse(body, 503)(scope, receive, send_last)
        await self.app(scope, receive, send_last)


class HttpServer:
    """Serves an application; after `stop`, finishes open requests and closes the port.

    For `drain` seconds after `stop`, the server still answers but reports that it is not ready.
    Callers that know its address have this time to find another pod.
    """

    def __init__(
        self,
        app: ASGIApp,
        port: int,
        *,
        host: str = "0.0.0.0",
        grace: int = 15,
        drain: float = 0,
    ):
        import uvicorn

        from service_runtime.bounded_http import BoundedHttp
        from service_runtime.quiet_server import QuietServer

        self._app, self._drain = Draining(app), drain
        self._server = QuietServer(
            uvicorn.Config(
                self._app,
                host=host,
                port=port,
                http=BoundedHttp,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=grace,
                timeout_keep_alive=75,  # seconds; longer than the 60 of a load balancer
            )
        )

    def run(self) -> None:
        self._server.run()
        if not self._server.started:
            raise PortUnavailable(self._server.config.port)

    def stop(self) -> None:
        self._app.draining = True
        closing = threading.Timer(self._drain, self._server.close)
        closing.daemon = True
        closing.start()

    @property
    def started(self) -> bool:
        return self._server.started

    @property
    def port(self) -> int:
        """Return the port of the running server."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])


def http_servers(
    app: ASGIApp, settings: ServiceSettings, *, drain: float = 0
) -> tuple[HttpServer, MetricsServer]:
    """Return the servers of the application and of its metrics."""
    host = settings.listen_address
    return (
        HttpServer(app, settings.http_port, host=host, drain=drain),
        MetricsServer(settings.metrics_port, host),
    )


class Process:
    """Runs parts in threads, and stops all of them when one ends or after `stop`.

    The parts of `after` stop last, because they finish the work of the others.
    """

    def __init__(
        self, parts: Sequence[Part], *, after: Sequence[Part] = (), grace: float = 25
    ) -> None:
        self._parts, self._after = parts, after
        self._grace = grace  # seconds; shorter than the grace period of the pod
        self._wake = threading.Event()
        self._stopping = False
        self._crashed = False

    def run(self) -> int:
        """Run until `stop`; return 0 if all parts ended in time and none failed, else 1."""
        first, last = self._start(self._parts), self._start(self._after)
        self._wake.wait()
        end = time.monotonic() + self._grace
        reserve = min(LAST_PARTS, self._grace / 2) if last else 0
        late = _stop(self._parts, first, end - reserve) + _stop(self._after, last, end)
        if late:
            logger.error("parts did not end in time", extra={"parts": late})
        return 1 if late or self._crashed else 0

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        self._stopping = True
        self._wake.set()

    def _start(self, parts: Sequence[Part]) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._run, args=[part], name=type(part).__name__, daemon=True)
            for part in parts
        ]
        for thread in threads:
            thread.start()
        return threads

    def _run(self, part: Part) -> None:
        try:
            part.run()
            if not self._stopping:
                self._crashed = True
                logger.error("a part ended unexpectedly", extra={"part": type(part).__name__})
        except BaseException:
            self._crashed = True
            logger.exception("a part crashed", extra={"part": type(part).__name__})
        self._wake.set()


def _stop(parts: Sequence[Part], threads: Sequence[threading.Thread], end: float) -> list[str]:
    """Stop the parts and return the names of those that run after `end`."""
    for part in parts:
        part.stop()
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    return [thread.name for thread in threads if thread.is_alive()]


def run_process(*parts: Part, after: Sequence[Part] = (), grace: float = 25) -> NoReturn:
    """Run until SIGTERM or SIGINT, then end the process, even if threads hang."""
    faulthandler.enable()
    process = Process(parts, after=after, grace=grace)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, process.stop)
    gc.freeze()  # objects of the start stay, so the garbage collector can skip them
    code = process.run()
    finish_export()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)
