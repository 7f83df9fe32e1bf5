"""Keeps deferred notifications in step with their origins.

The origin of a deferred notification is the first one, even after several deferrals.
"""

from dataclasses import replace
from datetime import datetime

from service_runtime.recurrence import Series

from event_service.notification import Notification
from event_service.schedule import remove_content


def with_first_origin(deferred: Notification, named: Notification | None) -> Notification:
    """Replace the origin by the origin of `named`, if `named` was itself deferred."""
    if named is None or named.deferred_from is None:
        return deferred
    return replace(deferred, deferred_from=named.deferred_from)


def is_withdrawn(deferred: Notification, origin: Notification | None) -> bool:
    """Return True if nothing is left to announce: the origin was deleted, handled or moved."""
    if origin is None or deferred.deferred_from != origin.id:
        return False
    if origin.state == "deleted":
        return True
    occurrence = deferred.occurrence
    if origin.id != origin.reminder_id or occurrence is None:
        return False
    return not _announces(origin, occurrence)


def follow_origin(deferred: Notification, origin: Notification) -> Notification | None:
    """Return the deferred notification after a change of its origin, or None if it stays equal."""
    if is_withdrawn(deferred, origin):
        return remove_content(deferred, deferred.version)
    changed = with_content_of(origin, deferred)
    return None if changed == deferred else replace(changed, version=deferred.version + 1)


def with_content_of(origin: Notification | None, deferred: Notification) -> Notification:
    """Return the deferred notification with the current content of its origin."""
    if origin is None or origin.state == "deleted":
        return deferred
    return replace(deferred, content=origin.content, time_zone=origin.time_zone)


def _announces(reminder: Notification, occurrence: datetime) -> bool:
    """Return True if the series has the occurrence and the user has not handled it."""
    if reminder.handled_through and occurrence <= reminder.handled_through:
        return False
    start = reminder.date or occurrence
    zone = reminder.time_zone or "UTC"
    series = Series(start, reminder.rule, zone, reminder.except_dates, reminder.last_occurrence)
    return series.until(occurrence) == occurrence
