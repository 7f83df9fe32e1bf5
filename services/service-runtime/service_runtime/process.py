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
from typing import TYPE_CHECKING, NoReturn, Protocol

from service_runtime.leaving import Leaving
from service_runtime.span_export import finish_export

if TYPE_CHECKING:
    from starlette.types import ASGIApp

DRAIN = 1.5  # seconds; a cluster takes a pod's address away within one
LAST_PARTS = 3.0  # seconds of the grace that are theirs who end after the others

logger = logging.getLogger(__name__)


class Part(Protocol):
    """Something that runs until it is stopped: an HTTP server, a consumer, a relay."""

    def run(self) -> None: ...

    def stop(self) -> None: ...


class HttpServer:
    """Serves an application; stops listening when stopped and finishes open requests.

    For `drain` seconds after the stop it goes on answering, not ready any more, so that
    callers which still have its address are served while they learn of its successor.
    """

    def __init__(
        self,
        app: "ASGIApp",
        port: int,
        *,
        host: str = "0.0.0.0",
        grace: int = 15,
        drain: float = 0,
    ):
        import uvicorn

        from service_runtime.bounded_http import BoundedHttp

        self._app, self._drain = Leaving(app), drain
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app,
                host=host,
                port=port,
                http=BoundedHttp,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=grace,
                timeout_keep_alive=75,  # seconds; longer than a load balancer's 60
            )
        )

    def run(self) -> None:
        self._server.run()
        if not self._server.started:
            raise RuntimeError(f"port {self._server.config.port} could not be opened")

    def stop(self) -> None:
        self._app.leaving = True
        closing = threading.Timer(self._drain, self._close)
        closing.daemon = True
        closing.start()

    def _close(self) -> None:
        self._server.should_exit = True

    @property
    def started(self) -> bool:
        return self._server.started

    @property
    def port(self) -> int:
        """The port that is listened on, also when 0 was asked for."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])


class Process:
    """Runs parts, each on a thread; all end when one ends or the process is told to.

    Those of `after` are told only when the others have ended, whose work they finish.
    """

    def __init__(
        self, parts: Sequence[Part], *, after: Sequence[Part] = (), grace: float = 25
    ) -> None:
        self._parts, self._after = parts, after
        self._grace = grace  # seconds; shorter than the pod's
        self._wake = threading.Event()
        self._stopping = False
        self._crashed = False

    def run(self) -> int:
        """The exit code: 0 when it was told to end and did in time."""
        first, last = self._started(self._parts), self._started(self._after)
        self._wake.wait()
        end = time.monotonic() + self._grace
        reserve = min(LAST_PARTS, self._grace / 2) if last else 0
        late = _stopped(self._parts, first, end - reserve) + _stopped(self._after, last, end)
        if late:
            logger.error("parts did not end in time", extra={"parts": late})
        return 1 if late or self._crashed else 0

    def stop(self, signum: int = 0, frame: FrameType | None = None) -> None:
        self._stopping = True
        self._wake.set()

    def _started(self, parts: Sequence[Part]) -> list[threading.Thread]:
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
                logger.error("a part ended by itself", extra={"part": type(part).__name__})
        except BaseException:
            self._crashed = True
            logger.exception("a part crashed", extra={"part": type(part).__name__})
        self._wake.set()


def _stopped(parts: Sequence[Part], threads: Sequence[threading.Thread], end: float) -> list[str]:
    """The names of those that were told to end and did not by the moment."""
    for part in parts:
        part.stop()
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    return [thread.name for thread in threads if thread.is_alive()]


def run_process(*parts: Part, after: Sequence[Part] = (), grace: float = 25) -> NoReturn:
    """Run until SIGTERM or SIGINT and end the process; threads that hang do not keep it."""
    faulthandler.enable()
    process = Process(parts, after=after, grace=grace)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, process.stop)
    gc.freeze()  # what was made at the start stays: the collector need not look at it again
    code = process.run()
    finish_export()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(code)
