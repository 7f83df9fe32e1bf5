"""What was deferred follows the notification that it comes from, its origin.

The origin of what was deferred twice is the first, so that one step leads to it.
"""

from dataclasses import replace
from datetime import datetime

from service_runtime.recurrence import Series

from event_service.notification import Notification
from event_service.schedule import emptied


def rooted(deferred: Notification, named: Notification | None) -> Notification:
    """With its origin, when the notification that it names was itself deferred."""
    if named is None or named.deferred_from is None:
        return deferred
    return replace(deferred, deferred_from=named.deferred_from)


def withdrawn(deferred: Notification, origin: Notification | None) -> bool:
    """Whether there is nothing left to announce: it was deleted, handled or moved meanwhile."""
    if origin is None or deferred.deferred_from != origin.id:
        return False
    if origin.state == "deleted":
        return True
    occurrence = deferred.occurrence
    if origin.id != origin.reminder_id or occurrence is None:
        return False
    return not _announces(origin, occurrence)


def following(deferred: Notification, origin: Notification) -> Notification | None:
    """What becomes of it after a change of its origin, or None when it stays as it is."""
    if withdrawn(deferred, origin):
        return emptied(deferred, deferred.version)
    changed = replace(
        deferred,
        email=origin.email,
        channel=origin.channel,
        message=origin.message,
        url=origin.url,
        urgent=origin.urgent,
    )
    return None if changed == deferred else replace(changed, version=deferred.version + 1)


def _announces(reminder: Notification, occurrence: datetime) -> bool:
    """Whether the reminder's series has the occurrence, and the user has not handled it."""
    if reminder.handled_through and occurrence <= reminder.handled_through:
        return False
    start = reminder.date or occurrence
    series = Series(start, reminder.rule, reminder.time_zone, reminder.except_dates)
    return series.until(occurrence) == occurrence
