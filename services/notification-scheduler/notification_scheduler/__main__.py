"""Publishes due notifications until SIGTERM."""

import sys

from service_runtime.aws import aws_client
from service_runtime.logs import configure_logs
from service_runtime.metrics_server import MetricsServer
from service_runtime.probes import check_all, health_app
from service_runtime.process import HttpServer, run_process
from service_runtime.settings import read_settings
from service_runtime.span_export import export_spans

from notification_scheduler.assembly import assemble
from notification_scheduler.settings import Settings

NAME = "notification-scheduler"
TOPIC_TIMEOUT = 5  # seconds; all attempts end well within the lease


def serve() -> None:
    settings = read_settings(Settings)
    configure_logs(NAME, settings.log_level)
    export_spans(NAME)
    topic = aws_client("sns", connections=settings.sender_threads, read_timeout=TOPIC_TIMEOUT)
    with assemble(settings, topic) as parts:
        health = health_app(
            live=check_all(scheduler=parts.scheduler.alive),
            ready=check_all(database=parts.due.ping),
        )
        host = settings.listen_address
        http = HttpServer(health, settings.http_port, host=host)
        servers = http, MetricsServer(settings.metrics_port, host)
        run_process(*servers, parts.scheduler)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(f"Expected no arguments; got {' '.join(sys.argv[1:])!r}.")
    serve()
