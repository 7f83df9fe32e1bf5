"""Everything that this service refuses or fails at; a docstring is the message."""


class RequestRefused(Exception):
    """The request was understood and cannot be done."""

    code = "REFUSED"

    def __init__(self) -> None:
        super().__init__(self.__doc__)


class UnacceptableToken(RequestRefused):
    """The fcmToken is not one that FCM accepts; register the token that the device has now."""

    code = "INVALID_TOKEN"


class DeviceAlreadyRegistered(RequestRefused):
    """This user has already registered a device with this fcmToken."""

    code = "DEVICE_ALREADY_REGISTERED"


class DeviceNotAssociated(RequestRefused):
    """No device with this id belongs to this user; GET /device lists those that do."""

    code = "DEVICE_NOT_ASSOCIATED"


class DeviceLimitReached(RequestRefused):
    """This user has as many devices as one user may have; remove one first."""

    code = "DEVICE_LIMIT_REACHED"


class UnknownToken(RequestRefused):
    """The link was cut, or is none of ours; open it as it stands in the e-mail."""

    code = "UNKNOWN_TOKEN"


class ProviderError(Exception):
    """A provider did not take a notification."""


class RetryLater(ProviderError):
    """The provider did not take it now and may take it later; it was not sent."""

    def __init__(self, problem: str, *, after: float | None = None) -> None:
        super().__init__(problem)
        self.after = after  # seconds that the provider asks to wait, when it says so


class Throttled(RetryLater):
    """The provider asks us to slow down, for one device or for all."""


class Misconfigured(RetryLater):
    """The provider refuses our credentials or settings; a person must mend them, then redrive."""


class OutcomeUnknown(ProviderError):
    """The connection broke after the request left: the provider may have sent it or not."""


class NeverRetry(ProviderError):
    """The provider will not take it, however often it is tried."""

    reason = "REFUSED"


class Refused(NeverRetry):
    """The provider refuses this notification."""


class Unregistered(NeverRetry):
    """The app is no longer installed on the device, or its token was replaced."""

    reason = "UNREGISTERED"


class InvalidToken(NeverRetry):
    """The token is none of FCM's, or belongs to another project."""

    reason = "INVALID_TOKEN"


class AddressSuppressed(NeverRetry):
    """The address bounced or its owner complained before."""

    reason = "ADDRESS_SUPPRESSED"
