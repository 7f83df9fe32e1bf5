"""Sets how fast a consumer works and how long it waits."""

from dataclasses import dataclass
from math import ceil

from event_messages.backoff import full_jitter
from event_messages.errors import RetryLater


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Sets how a consumer receives messages; times are in seconds."""

    threads: int = 10
    wait: int = 5  # of one long poll; a stop waits for its end, so that no message is lost in it
    visibility: int = 60  # renewed while a handler runs
    longest_handling: float = 600  # afterwards, visibility ends and liveness fails
    retry_base: float = 2
    retry_cap: float = 900
    grace: float = 20  # for running handlers, from the call of `stop`

    def retry_delay(self, receives: int, error: Exception, outage: bool) -> float:
        """Return the seconds until SQS delivers a message again that was received so often."""
        if isinstance(error, RetryLater):
            return max(ceil(error.seconds), full_jitter(receives, self.retry_base, self.retry_cap))
        if outage:
            return full_jitter(receives, self.retry_base, self.retry_cap)
        return full_jitter(receives, base=1, cap=30)
