"""`python -m notification_scheduler` publishes what is due until SIGTERM."""

import sys

from service_runtime.aws import aws_client
from service_runtime.logs import configure_logs
from service_runtime.probes import all_of, health_app
from service_runtime.process import HttpServer, run_process
from service_runtime.settings import read_settings
from service_runtime.span_export import export_spans

from notification_scheduler.assembly import assembled
from notification_scheduler.metrics import watch_backlog
from notification_scheduler.settings import Settings

NAME = "notification-scheduler"
TOPIC_TIMEOUT = 5  # seconds; all attempts end well within the lease


def serve() -> None:
    settings = read_settings(Settings)
    configure_logs(NAME, settings.log_level)
    export_spans(NAME)
    topic = aws_client("sns", connections=settings.sender_threads, read_timeout=TOPIC_TIMEOUT)
    with assembled(settings, topic) as parts:
        watch_backlog(parts.due.backlog)
        health = health_app(
            live=all_of(scheduler=parts.scheduler.alive), ready=all_of(database=parts.due.ping)
        )
        run_process(HttpServer(health, settings.http_port), parts.scheduler)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit("usage: python -m notification_scheduler")
    serve()
