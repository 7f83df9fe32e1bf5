"""Runs the scheduler as a Lambda function that a schedule starts once a minute."""

import threading
from functools import cache
from typing import Any

from service_runtime.aws import aws_client
from service_runtime.command import prepare_process
from service_runtime.span_export import flush_spans

from notification_scheduler.assembly import assemble
from notification_scheduler.settings import Settings

NAME = "notification-scheduler"
MINUTE = 60.0  # seconds until the next invocation runs
GRACE = 5.0  # seconds to finish or release claims
MARGIN = 2.0  # seconds to answer before Lambda ends the function
TOPIC_TIMEOUT = 2  # seconds
LONGEST_FLUSH = 1.0  # seconds of the margin for the last spans


@cache
def _prepare() -> tuple[Settings, Any]:
    """Prepare once per container."""
    settings = prepare_process(NAME, Settings)
    connections = settings.sender_threads
    return settings, aws_client("sns", connections=connections, read_timeout=TOPIC_TIMEOUT)


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Publish the notifications of this minute, and stop in time."""
    settings, topic = _prepare()
    remaining = context.get_remaining_time_in_millis() / 1000
    # Connections belong to one invocation, because they die while the container is frozen.
    with assemble(settings, topic, grace=GRACE) as scheduler:
        working = max(0.0, min(MINUTE, remaining - GRACE - MARGIN))
        end = threading.Timer(working, scheduler.stop)
        end.start()
        try:
            scheduler.run()
        finally:
            end.cancel()
            flush_spans(LONGEST_FLUSH)  # between two invocations the process is frozen
    return {"published": scheduler.published}
