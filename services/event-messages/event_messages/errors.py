"""What can be wrong with a message."""


class Refused(Exception):
    """The message can never be handled; it goes to the dead letters."""


class MalformedEvent(Refused):
    """The message is not an event of the contract."""


class UnknownEvent(Refused):
    """No action is known for an event of this type."""


class RetryLater(Exception):
    """The message cannot be handled now; deliver it again, not before `seconds` have passed."""

    def __init__(self, reason: str, seconds: float = 0) -> None:
        super().__init__(reason)
        self.seconds = seconds
