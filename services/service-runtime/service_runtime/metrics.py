"""Defines the metrics of every service."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_AGE = Gauge(
    "outbox_oldest_seconds", "Age of the oldest event that is not published and not rejected"
)
OUTBOX_PUBLISHED = Counter("outbox_published_total", "Events published from the outbox")
OUTBOX_REFUSED = Gauge(
    "outbox_rejected_events", "Events that the topic calls invalid; it is asked again every hour"
)
OUTBOX_FAILED = Counter("outbox_failed_total", "Attempts that the topic rejected")

MESSAGES = Counter("messages_total", "Messages taken from the queue", ["event_type", "outcome"])
MESSAGE_SECONDS = Histogram(
    "message_handling_seconds", "Time to handle one message", ["event_type"]
)
QUEUE_AGE = Gauge("queue_oldest_seconds", "Age of the oldest message of the last poll")
DEAD_LETTERS = Gauge("dead_letters", "Messages in the dead-letter queue of this consumer")
QUEUE_SECONDS = Histogram(
    "queue_wait_seconds",
    "Time from sending a message to its first handling",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
)

REQUESTS = Counter("http_requests_total", "HTTP requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("http_request_duration_seconds", "Time to answer", ["method", "route"])
