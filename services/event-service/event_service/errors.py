"""What can be wrong with an event that has the contract's form."""

from event_messages.errors import Refused


class ForeignNotification(Refused):
    """The notification belongs to another user than the event."""


class ForeignData(Refused):
    """The event's data names another user than its envelope."""


class UnusableSchedule(Refused):
    """The reminder's rule or time zone cannot be followed."""
