"""Each documented answer, by whose fault it is: the item's, the provider's or ours."""

import json
from pathlib import Path

import httpx
import pytest
from notification_service import errors
from notification_service.errors import (
    ForeignToken,
    InvalidToken,
    Misconfigured,
    MisconfiguredForDevice,
    Refused,
    RetryLater,
    Throttled,
    Unregistered,
)
from notification_service.fcm_push import error_of
from notification_service.provider_answers import FCM, GOOGLE_TOKEN, SES, SMTP, error_class

FCM_ANSWERS = json.loads((Path(__file__).parent / "answers" / "fcm.json").read_text())["answers"]
NOT_VERIFIED = (
    "Email address is not verified. The following identities failed the check in region "
    "EU-CENTRAL-1: reminders@example.org"
)


@pytest.mark.parametrize(
    ("status", "code", "text", "error"),
    [
        (400, "INVALID_ARGUMENT", "The registration token is not a valid FCM token", InvalidToken),
        (400, "INVALID_ARGUMENT", "bad message.token", InvalidToken),
        (400, "INVALID_ARGUMENT", "Invalid value at 'message.android.ttl'", Refused),
        (400, "INVALID_ARGUMENT", "Android message is too big", Refused),
        (400, "FAILED_PRECONDITION", "", Misconfigured),
        (400, "", "a proxy's page", Misconfigured),
        (401, "UNAUTHENTICATED", "", Misconfigured),
        (401, "THIRD_PARTY_AUTH_ERROR", "", MisconfiguredForDevice),
        (403, "PERMISSION_DENIED", "", Misconfigured),
        (403, "SENDER_ID_MISMATCH", "", ForeignToken),
        (404, "UNREGISTERED", "", Unregistered),
        (404, "NOT_FOUND", "Requested entity was not found.", Misconfigured),
        (429, "QUOTA_EXCEEDED", "", Throttled),
        (429, "RESOURCE_EXHAUSTED", "", Throttled),
        (500, "INTERNAL", "", RetryLater),
        (503, "UNAVAILABLE", "", RetryLater),
        (400, "UNSPECIFIED_ERROR", "", RetryLater),
        (302, "", "", Misconfigured),
    ],
)
def test_fcm_answer_has_class(status, code, text, error):
    assert error_class(FCM, status, code, text) is error


@pytest.mark.parametrize("answer", FCM_ANSWERS, ids=lambda answer: answer["error"])
def test_recorded_fcm_answer_has_class(answer):
    response = httpx.Response(
        answer["status"],
        headers=answer.get("headers"),
        content=answer.get("text") or json.dumps(answer.get("body")),
    )
    assert type(error_of(response)) is getattr(errors, answer["error"])


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "invalid_grant", Misconfigured),
        (400, "invalid_request", Misconfigured),
        (400, "invalid_scope", Misconfigured),
        (400, "unsupported_grant_type", Misconfigured),
        (401, "invalid_client", Misconfigured),
        (401, "unauthorized_client", Misconfigured),
        (403, "access_denied", Misconfigured),
        (400, "temporarily_unavailable", RetryLater),
        (429, "", RetryLater),
        (500, "internal_failure", RetryLater),
        (503, "", RetryLater),
    ],
)
def test_token_endpoint_answer_has_class(status, code, error):
    assert error_class(GOOGLE_TOKEN, status, code) is error


@pytest.mark.parametrize(
    ("status", "code", "text", "error"),
    [
        (400, "AccountSuspendedException", "", Misconfigured),
        (403, "AccessDeniedException", "", Misconfigured),
        (400, "BadRequestException", "Domain contains illegal character", Refused),
        (400, "BadRequestException", "Local address contains control or whitespace", Refused),
        (400, "BadRequestException", "Missing final '@domain'", Refused),
        (400, "BadRequestException", "Illegal address", Refused),
        (400, "BadRequestException", "Configuration set is of no use", Misconfigured),
        (403, "ExpiredTokenException", "", Misconfigured),
        (403, "InvalidClientTokenId", "", Misconfigured),
        (500, "InternalFailure", "", RetryLater),
        (400, "LimitExceededException", "", Misconfigured),
        (400, "LimitExceededException", "Daily message quota exceeded", Throttled),
        (400, "MailFromDomainNotVerifiedException", "", Misconfigured),
        (400, "MessageRejected", NOT_VERIFIED, Misconfigured),
        (400, "MessageRejected", "Sending is paused for this account.", Misconfigured),
        (400, "MessageRejected", "The message contains invalid content.", Refused),
        (400, "MessageRejected", "The message contains a virus.", Refused),
        (404, "NotFoundException", "Configuration set does not exist.", Misconfigured),
        (400, "SendingPausedException", "", Misconfigured),
        (403, "SignatureDoesNotMatch", "", Misconfigured),
        (503, "ServiceUnavailable", "", RetryLater),
        (400, "ThrottlingException", "", Throttled),
        (400, "Throttling", "Maximum sending rate exceeded.", Throttled),
        (429, "TooManyRequestsException", "", Throttled),
        (0, "", "", Misconfigured),
    ],
)
def test_ses_answer_has_class(status, code, text, error):
    assert error_class(SES, status, code, text) is error


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (421, "", RetryLater),
        (450, "4.2.1", RetryLater),
        (451, "4.7.1", RetryLater),
        (452, "4.3.1", RetryLater),
        (454, "4.7.0", RetryLater),
        (552, "5.2.2", RetryLater),
        (550, "5.1.1", Refused),
        (550, "5.1.2", Refused),
        (553, "5.1.3", Refused),
        (551, "5.1.6", Refused),
        (556, "5.1.10", Refused),
        (550, "5.2.1", Refused),
        (552, "5.3.4", Refused),
        (554, "5.6.0", Refused),
        (553, "5.1.7", Misconfigured),  # of the sender
        (550, "5.1.8", Misconfigured),  # of the sender
        (530, "5.7.0", Misconfigured),
        (535, "5.7.8", Misconfigured),
        (550, "5.7.1", Misconfigured),
        (550, "", Misconfigured),
        (554, "", Misconfigured),
    ],
)
def test_mail_server_answer_has_class(status, code, error):
    assert error_class(SMTP, status, code) is error
