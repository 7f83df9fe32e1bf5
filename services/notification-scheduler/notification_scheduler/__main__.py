"""Publishes due notifications until SIGTERM."""

import sys

from service_runtime.aws import aws_client
from service_runtime.command import prepare_process
from service_runtime.probes import check_all, health_app
from service_runtime.process import http_servers, run_process

from notification_scheduler.assembly import assemble
from notification_scheduler.settings import Settings

NAME = "notification-scheduler"
TOPIC_TIMEOUT = 5  # seconds; all attempts end well within the lease


def serve() -> None:
    settings = prepare_process(NAME, Settings)
    topic = aws_client("sns", connections=settings.sender_threads, read_timeout=TOPIC_TIMEOUT)
    with assemble(settings, topic) as scheduler:
        health = health_app(
            live=check_all(scheduler=scheduler.alive),
            ready=check_all(database=scheduler.ping),
        )
        run_process(*http_servers(health, settings), scheduler)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(f"Expected no arguments; got {' '.join(sys.argv[1:])!r}.")
    serve()
