"""What the scheduler measures."""

from collections.abc import Callable

from prometheus_client import Counter, Gauge, Histogram

LATENESS = Histogram(
    "notification_lateness_seconds",
    "Time from a notification's due time to its publication",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
)
PUBLISHED = Counter("notifications_published_total", "Notifications published")
NOT_PUBLISHED = Counter(
    "notifications_not_published_total", "Attempts at which the topic took none", ["reason"]
)
CLAIMS = Counter("notification_claims_total", "Claims, with or without anything due", ["found"])
BACKLOG = Gauge("notifications_overdue", "Notifications that are due and not published")


def watch_backlog(backlog: Callable[[], int]) -> None:
    """Ask whenever the metrics are read; not a number when the database does not answer."""

    def ask() -> float:
        try:
            return backlog()
        except Exception:
            return float("nan")

    BACKLOG.set_function(ask)
