"""Defines the errors of this service; each docstring is the message."""

from event_messages.errors import Explained
from service_runtime.problems import Refusal


class UnacceptableToken(Refusal):
    """FCM does not accept this fcmToken; register the current token of the device."""

    name = "INVALID_TOKEN"


class DeviceNotAssociated(Refusal):
    """The user has no device with this id; GET /device lists the user's devices."""

    name = "DEVICE_NOT_ASSOCIATED"


class DeviceLimitReached(Refusal):
    """The user has reached the maximum number of devices; remove one first."""

    name = "DEVICE_LIMIT_REACHED"


class UnknownToken(Refusal):
    """The link is incomplete, or we did not create it; use the whole link of the e-mail."""

    name = "UNKNOWN_TOKEN"


class ProviderError(Explained):
    """Reports that a provider rejected a notification; `fault` names the cause."""

    fault = "provider"


class RetryLater(ProviderError):
    """The provider or the network failed, and nothing was sent; a later attempt may succeed."""

    def __init__(self, problem: str, *, after: float | None = None) -> None:
        super().__init__(problem)
        self.after = after  # seconds that the provider asks to wait, or None


class Throttled(RetryLater):
    """The provider asks us to slow down, for one device or for all."""

    fault = "throttling"


class Misconfigured(RetryLater):
    """The provider rejects our credentials or settings; correct them. Deliveries wait for it."""

    fault = "configuration"


class MisconfiguredForDevice(Misconfigured):
    """The provider rejects our settings for this device only; other devices are not affected."""

    fault = "device"


class ForeignToken(MisconfiguredForDevice):
    """The token belongs to another Firebase project than FCM_CREDENTIALS."""


class OutcomeUnknown(ProviderError):
    """The connection broke after the request was sent, so the provider may have acted on it."""

    fault = "unknown"


class NeverRetry(ProviderError):
    """The notification, its device or its address is at fault; no attempt can succeed."""

    reason = "REFUSED"
    fault = "item"


class Refused(NeverRetry):
    """The provider rejects the content of this notification or its address."""


class Unregistered(NeverRetry):
    """The app was removed from the device, or its token was replaced."""

    reason = "UNREGISTERED"


class InvalidToken(NeverRetry):
    """FCM never issued this token."""

    reason = "INVALID_TOKEN"


class AddressSuppressed(NeverRetry):
    """An e-mail to this address bounced, or its owner complained about one."""

    reason = "ADDRESS_SUPPRESSED"
