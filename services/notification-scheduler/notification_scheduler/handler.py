"""The scheduler as a Lambda function that a schedule starts once a minute."""

import threading
from functools import cache
from typing import Any, Protocol

from service_runtime.aws import aws_client
from service_runtime.logs import configure_logs
from service_runtime.settings import read_settings
from service_runtime.span_export import export_spans, flush_spans

from notification_scheduler.assembly import assembled
from notification_scheduler.settings import Settings

NAME = "notification-scheduler"
MINUTE = 60.0  # seconds; then the next invocation is at work
GRACE = 5.0  # seconds to finish or release what is claimed
MARGIN = 2.0  # seconds to answer before the function is cut off
TOPIC_TIMEOUT = 2  # seconds
LONGEST_FLUSH = 1.0  # seconds of the margin that the last spans may take


class Context(Protocol):
    """The part of Lambda's context that is used here."""

    def get_remaining_time_in_millis(self) -> int: ...


@cache
def _prepared() -> tuple[Settings, Any]:
    """Once in the life of a container."""
    settings = read_settings(Settings)
    configure_logs(NAME, settings.log_level)
    export_spans(NAME)
    connections = settings.sender_threads
    return settings, aws_client("sns", connections=connections, read_timeout=TOPIC_TIMEOUT)


def handle(event: dict[str, Any], context: Context) -> dict[str, int]:
    """Publish what comes due in this minute and stop in time."""
    settings, topic = _prepared()
    remaining = context.get_remaining_time_in_millis() / 1000
    # Connections are of this invocation: between two the container sleeps and they die.
    with assembled(settings, topic, grace=GRACE) as parts:
        working = max(0.0, min(MINUTE, remaining - GRACE - MARGIN))
        end = threading.Timer(working, parts.scheduler.stop)
        end.start()
        try:
            parts.scheduler.run()
        finally:
            end.cancel()
            flush_spans(LONGEST_FLUSH)  # between two invocations nothing runs
    return {"published": parts.scheduler.published}
