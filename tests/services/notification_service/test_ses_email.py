import copy
import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from notification_service.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    Throttled,
)
from notification_service.ses_email import ONE_ATTEMPT, Email, SesEmail

from tests.services.notification_service.examples import EMAIL_TEXT, OCCURRENCE

EMAIL = Email(to="ada@example.org", text=EMAIL_TEXT, occurrence_id=OCCURRENCE)
REQUEST = {
    "FromEmailAddress": "reminders@example.org",
    "Destination": {"ToAddresses": ["ada@example.org"]},
    "Content": {
        "Template": {
            "TemplateName": "local-reminder",
            "TemplateData": json.dumps(
                {
                    "subject": "Plants 🌱",
                    "text": "Water\n.\nthe plants\n",
                    "html": "<p>Water the plants 🌱</p>\n",
                },
                ensure_ascii=False,
            ),
            "Headers": [{"Name": "X-Entity-Ref-ID", "Value": str(OCCURRENCE)}],
        }
    },
    "ConfigurationSetName": "local-email",
    "EmailTags": [{"Name": "occurrence", "Value": str(OCCURRENCE)}],
}


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "sesv2",
        region_name="eu-central-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=ONE_ATTEMPT,
    )


def ses(client: Any) -> SesEmail:
    return SesEmail(
        client,
        sender="reminders@example.org",
        template="local-reminder",
        configuration_set="local-email",
    )


class Broken:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def send_email(self, **request: Any) -> dict[str, Any]:
        raise self.error


def test_email_is_one_valid_request(client):
    with Stubber(client) as stub:
        stub.add_response("send_email", {"MessageId": "ses-1"}, REQUEST)
        assert ses(client).send(EMAIL) == "ses-1"
        stub.assert_no_pending_responses()


def test_unsubscribe_link_is_in_standard_headers(client):
    link = "https://herald.test/unsubscribe?token=" + "a" * 800
    request: dict[str, Any] = copy.deepcopy(REQUEST)
    request["Content"]["Template"]["Headers"] += [
        {"Name": "List-Unsubscribe", "Value": f"<{link}>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]
    with Stubber(client) as stub:
        stub.add_response("send_email", {"MessageId": "ses-1"}, request)
        ses(client).send(replace(EMAIL, unsubscribe_url=link))
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("MessageRejected", "Email address is not verified.", Misconfigured),
        ("MessageRejected", "The message contains invalid content.", Refused),
        ("Throttling", "Maximum sending rate exceeded.", Throttled),
    ],
)
def test_send_raises_class_of_answer(client, code, text, expected):
    with Stubber(client) as stub:
        stub.add_client_error("send_email", code, text, http_status_code=400)
        with pytest.raises(expected) as caught:
            ses(client).send(EMAIL)
    assert type(caught.value) is expected
    assert str(caught.value) == f"SES answered 400 {code}: {text}"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EndpointConnectionError(endpoint_url="https://ses.test"), RetryLater),
        (ConnectTimeoutError(endpoint_url="https://ses.test"), RetryLater),
        (ReadTimeoutError(endpoint_url="https://ses.test"), OutcomeUnknown),
        (NoCredentialsError(), Misconfigured),
    ],
)
def test_only_unsent_request_counts_as_unsent(error, expected):
    with pytest.raises(expected) as caught:
        ses(Broken(error)).send(EMAIL)
    assert type(caught.value) is expected


def test_botocore_does_not_repeat_a_request(client):
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_error_without_details_needs_operator():
    with pytest.raises(Misconfigured):
        ses(Broken(ClientError({}, "SendEmail"))).send(EMAIL)
