"""Serves metrics on a separate port, in separate threads."""

import threading
from wsgiref.simple_server import WSGIServer

from event_messages.errors import Explained
from prometheus_client import start_http_server


class MetricsPortUnavailable(Explained):
    """Reports that the metrics port is in use."""


class MetricsServer:
    """Answers Prometheus; a slow scrape delays neither probes nor requests."""

    def __init__(self, port: int, host: str = "0.0.0.0") -> None:
        self._address = (port, host)
        self._stopping = threading.Event()
        self._server: WSGIServer | None = None

    def run(self) -> None:
        port, host = self._address
        try:
            self._server, thread = start_http_server(port, host)
        except OSError as error:
            detail = f"Expected a free METRICS_PORT; could not open port {port}."
            raise MetricsPortUnavailable(detail) from error
        self._stopping.wait()
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def stop(self) -> None:
        self._stopping.set()

    @property
    def port(self) -> int:
        """Return the open port, or 0 before the server runs."""
        return int(self._server.server_port) if self._server else 0
