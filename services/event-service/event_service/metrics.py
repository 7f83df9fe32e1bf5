"""Measures the notifications that wait for the scheduler.

The scheduler cannot measure them: it may be stopped, or run as a Lambda function.
"""

from prometheus_client import Gauge
from service_runtime.measuring import Measures

from event_service.notifications import PostgresNotifications

OVERDUE = Gauge("notifications_overdue", "Notifications that are due and not published")
OVERDUE_AGE = Gauge("notifications_overdue_seconds", "Time since the oldest of them became due")
REFUSED = Gauge(
    "notifications_rejected",
    "Notifications that the topic rejects; they wait for an operator",
)


def scheduler_measures(notifications: PostgresNotifications) -> Measures:
    """Return the gauges of unpublished notifications, each with the function that measures it."""
    return {
        OVERDUE: notifications.count_overdue,
        OVERDUE_AGE: notifications.oldest_overdue,
        REFUSED: notifications.count_refused,
    }
