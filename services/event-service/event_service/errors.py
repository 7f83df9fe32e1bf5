"""Defines the errors of events that follow the contract but cannot be applied."""

from event_messages.errors import Refused


class ForeignNotification(Refused):
    """Reports a notification that belongs to another user than the event."""


class ForeignData(Refused):
    """Reports an event whose data name another user than its envelope."""


class OutdatedEvent(Refused):
    """Reports an event that is so old that the deletion of its reminder may be forgotten."""


class UnusableSchedule(Refused):
    """Reports a reminder with an unsupported rule or an unknown time zone."""
