"""Maps documented answers of providers to faults.

The first matching row of a table counts, and the last row matches everything. An undocumented
answer counts as a fault of our configuration: it ends no delivery and removes no device.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from notification_service.errors import (
    ForeignToken,
    InvalidToken,
    Misconfigured,
    MisconfiguredForDevice,
    ProviderError,
    Refused,
    RetryLater,
    Throttled,
    Unregistered,
)


@dataclass(frozen=True)
class Answer:
    """Matches answers by regular expressions: status and code completely, text in part."""

    error: type[ProviderError]
    status: str = ".*"
    code: str = ".*"
    text: str = ""

    def matches(self, status: int, code: str, text: str) -> bool:
        return bool(
            re.fullmatch(self.status, str(status))
            and re.fullmatch(self.code, code)
            and re.search(self.text, text, re.IGNORECASE)
        )


def error_class(
    answers: Sequence[Answer], status: int, code: str = "", text: str = ""
) -> type[ProviderError]:
    """Return the error class of the first matching row."""
    return next(row.error for row in answers if row.matches(status, code, text))


UNKNOWN = Answer(Misconfigured)

# https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
# https://firebase.google.com/docs/cloud-messaging/error-codes
FCM = (
    Answer(Unregistered, code="UNREGISTERED"),
    Answer(ForeignToken, code="SENDER_ID_MISMATCH"),
    Answer(MisconfiguredForDevice, code="THIRD_PARTY_AUTH_ERROR"),
    Answer(Throttled, code="QUOTA_EXCEEDED"),
    Answer(RetryLater, code="UNAVAILABLE|INTERNAL|UNSPECIFIED_ERROR"),
    Answer(InvalidToken, code="INVALID_ARGUMENT", text=r"registration token|\bmessage\.token\b"),
    Answer(Refused, code="INVALID_ARGUMENT"),
    Answer(Throttled, status="429"),
    Answer(RetryLater, status="408|5.."),
    UNKNOWN,
)

# https://datatracker.ietf.org/doc/html/rfc6749#section-5.2
# https://developers.google.com/identity/protocols/oauth2/service-account#error-codes
GOOGLE_TOKEN = (
    Answer(RetryLater, code="server_error|temporarily_unavailable|internal_failure"),
    Answer(RetryLater, status="408|429|5.."),
    UNKNOWN,
)

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
# https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html
SES = (
    Answer(Throttled, code="TooManyRequestsException|Throttling(Exception)?"),
    Answer(Throttled, text="(message|sending) (quota|rate) exceeded"),
    Answer(Throttled, status="429"),
    Answer(RetryLater, status="408|5.."),
    Answer(Misconfigured, text="not verified|failed the check"),
    Answer(Refused, code="MessageRejected", text="content|virus|attachment|message length"),
    Answer(
        Refused,
        code="BadRequestException|InvalidParameterValue",
        text=r"illegal address|missing (final '@domain'|domain)|user name is missing"
        r"|(domain|local address|address) (contains|starts|ends)|message length",
    ),
    UNKNOWN,
)

# https://datatracker.ietf.org/doc/html/rfc5321#section-4.2.3
# https://www.iana.org/assignments/smtp-enhanced-status-codes
SMTP = (
    Answer(RetryLater, status="4.."),
    Answer(RetryLater, code=r"5\.2\.2"),  # the mailbox is full
    Answer(Refused, code=r"5\.1\.([12346]|10)"),  # the address of the recipient
    Answer(Refused, code=r"5\.2\.[13]"),  # the mailbox is disabled or rejects the length
    Answer(Refused, code=r"5\.3\.4|5\.6\.\d+"),  # the size or the content of the message
    UNKNOWN,
)
