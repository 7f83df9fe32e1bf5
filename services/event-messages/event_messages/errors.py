"""Defines the errors of handling a message."""


class Explained(Exception):
    """Marks an error whose text is ours and contains no personal data."""


class Refused(Explained):
    """Sends the message to the dead-letter queue, because no retry can help."""


class MalformedEvent(Refused):
    """Reports a message that is not an event of the contract."""


class UnknownEvent(Refused):
    """Reports an event of a type for which the service has no action."""


class RetryLater(Explained):
    """Asks to deliver the message again, after at least `seconds`."""

    def __init__(self, reason: str, seconds: float = 0) -> None:
        super().__init__(reason)
        self.seconds = seconds
