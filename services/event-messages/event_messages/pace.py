"""How fast a consumer works, and how long it waits."""

from dataclasses import dataclass
from math import ceil

from event_messages.backoff import full_jitter
from event_messages.errors import RetryLater


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How a consumer receives; times are seconds."""

    threads: int = 10
    wait: int = 2  # of one long poll, which a stop has to sit out: nobody would get its messages
    visibility: int = 60  # renewed while a handler is at work
    longest_handling: float = 600  # after it a message shows again and the consumer is not alive
    retry_base: float = 2
    retry_cap: float = 900
    grace: float = 20  # for handlers at work, counted from the call of `stop`

    def before_another(self, receives: int, error: Exception, outage: bool) -> float:
        """Seconds until a message that was received so often is to come again."""
        if isinstance(error, RetryLater):
            return max(ceil(error.seconds), full_jitter(receives, self.retry_base, self.retry_cap))
        if outage:
            return full_jitter(receives, self.retry_base, self.retry_cap)
        return full_jitter(receives, base=1, cap=30)
