"""Defines the metrics of the scheduler."""

from prometheus_client import Counter, Histogram

LATENESS = Histogram(
    "notification_lateness_seconds",
    "Time from a notification's due time to its publication",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
)
PUBLISHED = Counter("notifications_published_total", "Notifications published")
NOT_PUBLISHED = Counter(
    "notifications_not_published_total",
    "Attempts that the topic rejected, and occurrences over a budget",
    ["reason"],
)
CLAIMS = Counter(
    "notification_claims_total", "Searches for due notifications, by result", ["found"]
)
