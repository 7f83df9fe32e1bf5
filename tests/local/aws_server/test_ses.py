import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import policy
from tests.local.aws_server.conftest import create_queue_for

pytestmark = pytest.mark.integration

ADDRESS = "reminders@example.com"
SENDER = f"Herald <{ADDRESS}>"
TEMPLATE = {
    "TemplateName": "reminder",
    "SubjectPart": "Reminder: {{message}}",
    "TextPart": "{{message}} on {{date}}{{#if url}} see {{url}}{{/if}}",
    "HtmlPart": "<p>{{messageHtml}}</p>",
}
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region "
    "EU-CENTRAL-1: {}"
)
DATA = {"message": "Tea & <cake>", "messageHtml": "Tea &amp; cake", "date": "today", "url": ""}


@pytest.fixture
def ses(aws, inbox) -> Any:
    client = aws("ses")
    client.verify_email_identity(EmailAddress="reminders@example.com")
    client.create_configuration_set(ConfigurationSet={"Name": "reminders"})
    client.create_template(Template=TEMPLATE)
    return client


@pytest.fixture
def notices(aws, ses) -> Any:
    """Receives what SES publishes about e-mails of the configuration set."""
    topic = "arn:aws:sns:eu-central-1:123456789012:notices"
    by_account = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    admitting = policy("ses.amazonaws.com", "sns:Publish", topic, **by_account)
    aws("sns").create_topic(Name="notices", Attributes={"Policy": admitting})
    sqs = aws("sqs")
    queue = create_queue_for(aws, topic, "notices")
    aws("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:eu-central-1:123456789012:notices",
        Attributes={"RawMessageDelivery": "true"},
    )
    ses.create_configuration_set_event_destination(
        ConfigurationSetName="reminders", EventDestination=destination(topic)
    )

    (first,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert first["Body"] == "Successfully validated SNS topic for Amazon SES event publishing."
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])

    def receive() -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return receive


def destination(topic: str) -> dict[str, Any]:
    return {
        "Name": "notices",
        "Enabled": True,
        "MatchingEventTypes": ["send", "bounce", "complaint", "renderingFailure"],
        "SNSDestination": {"TopicARN": topic},
    }


def send(client: Any, to: str = "ann@example.com", **changes: Any) -> str:
    content = {
        "TemplateName": "reminder",
        "TemplateData": json.dumps(DATA),
        "Headers": [{"Name": "X-Entity-Ref-ID", "Value": "7"}],
    }
    request = {
        "FromEmailAddress": SENDER,
        "Destination": {"ToAddresses": [to]},
        "Content": {"Template": content | changes.pop("template", {})},
        "ConfigurationSetName": "reminders",
        "EmailTags": [{"Name": "occurrence", "Value": "7"}],
    }
    return str(client.send_email(**(request | changes))["MessageId"])


def test_template_is_delivered_unescaped(aws, ses, inbox):
    sent = send(aws("sesv2"))
    assert inbox.emails == [
        {
            "path": "/api/emails",
            "messageId": sent,
            "from": SENDER,
            "to": ["ann@example.com"],
            "subject": "Reminder: Tea & <cake>",
            "text": "Tea & <cake> on today",
            "html": "<p>Tea &amp; cake</p>",
            "headers": {"X-Entity-Ref-ID": "7"},
            "tags": {"occurrence": "7"},
        }
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code", "message"),
    [
        (
            {"template": {"TemplateName": "other"}},
            404,
            "NotFoundException",
            "Template other does not exist",
        ),
        (
            {"template": {"TemplateData": "[1"}},
            400,
            "BadRequestException",
            "Template rendering data is invalid",
        ),
        (
            {"template": {"TemplateData": json.dumps({"message": "x" * 262_144})}},
            400,
            "BadRequestException",
            "Template rendering data is too large",
        ),
        (
            {"ConfigurationSetName": "other"},
            404,
            "NotFoundException",
            "Configuration set <other> does not exist.",
        ),
        (
            {"FromEmailAddress": "eve@example.org"},
            400,
            "MessageRejected",
            UNVERIFIED.format("eve@example.org"),
        ),
    ],
)
def test_version_2_refuses_as_ses_does(aws, ses, inbox, changes, status, code, message):
    with pytest.raises(ClientError) as refusal:
        send(aws("sesv2"), **changes)
    answer = refusal.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert answer["Error"] == {"Code": code, "Message": message}
    assert inbox.emails == []


def test_missing_variable_is_accepted_and_reported(aws, ses, inbox, notices):
    sent = send(aws("sesv2"), template={"TemplateData": json.dumps({"message": "Tea"})})
    (failure,) = notices()
    assert failure["eventType"] == "Rendering Failure"
    assert failure["failure"] == {
        "errorMessage": "Attribute 'date' is not present in the rendering data.",
        "templateName": "reminder",
    }
    assert failure["mail"]["messageId"] == sent
    assert inbox.emails == []


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [("ses", "Throttling", 400), ("sesv2", "TooManyRequestsException", 429)],
)
def test_sending_is_throttled_without_the_inbox(aws, ses, inbox, service, code, status):
    inbox.closed = True
    sending = send_version_1 if service == "ses" else send
    with pytest.raises(ClientError) as refusal:
        sending(aws(service))
    assert refusal.value.response["Error"]["Code"] == code
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def send_version_1(client: Any) -> str:
    return str(
        client.send_templated_email(
            Source=SENDER,
            Destination={"ToAddresses": ["ann@example.com"], "CcAddresses": ["bob@example.com"]},
            Template="reminder",
            TemplateData=json.dumps(DATA),
            Tags=[{"Name": "kind", "Value": "test"}],
            ConfigurationSetName="reminders",
        )["MessageId"]
    )


def test_version_1_sends_templates(ses, inbox):
    sent = send_version_1(ses)
    (email,) = inbox.emails
    assert (email["messageId"], email["to"], email["tags"]) == (
        sent,
        ["ann@example.com", "bob@example.com"],
        {"kind": "test"},
    )
    assert email["subject"] == "Reminder: Tea & <cake>"


@pytest.mark.parametrize("service", ["ses", "sesv2"])
def test_simple_emails_keep_both_parts(aws, ses, inbox, service):
    subject, body = {"Data": "Hi"}, {"Text": {"Data": "text"}, "Html": {"Data": "<b>html</b>"}}
    to = {"ToAddresses": ["ann@example.com"]}
    message = {"Subject": subject, "Body": body}
    if service == "ses":
        ses.send_email(Source=SENDER, Destination=to, Message=message)
    else:
        aws("sesv2").send_email(
            FromEmailAddress=SENDER, Destination=to, Content={"Simple": message}
        )
    (email,) = inbox.emails
    assert (email["subject"], email["text"], email["html"]) == ("Hi", "text", "<b>html</b>")


@pytest.mark.parametrize("service", ["ses", "sesv2"])
def test_raw_emails_are_read(aws, ses, inbox, service):
    raw = (
        f"From: {SENDER}\r\nTo: ann@example.com\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nraw\r\n"
    )
    if service == "ses":
        ses.send_raw_email(RawMessage={"Data": raw})
    else:
        aws("sesv2").send_email(Content={"Raw": {"Data": raw}})
    (email,) = inbox.emails
    assert (email["from"], email["to"], email["subject"], email["text"]) == (
        SENDER,
        ["ann@example.com"],
        "café",
        "raw\r\n",
    )


def test_bounce_is_published_instead_of_delivered(aws, ses, inbox, notices):
    sent = send(aws("sesv2"), "bounce+late@simulator.amazonses.com")
    accepted, bounced = notices()
    assert (accepted["eventType"], bounced["eventType"]) == ("Send", "Bounce")
    assert accepted["mail"] == bounced["mail"] | {"timestamp": accepted["mail"]["timestamp"]}
    mail = bounced["mail"]
    del mail["timestamp"]
    assert mail == {
        "source": SENDER,
        "sourceArn": "arn:aws:ses:eu-central-1:123456789012:identity/reminders@example.com",
        "sendingAccountId": "123456789012",
        "messageId": sent,
        "destination": ["bounce+late@simulator.amazonses.com"],
        "headersTruncated": False,
        "headers": [
            {"name": "From", "value": SENDER},
            {"name": "To", "value": "bounce+late@simulator.amazonses.com"},
            {"name": "Subject", "value": "Reminder: Tea & <cake>"},
            {"name": "X-Entity-Ref-ID", "value": "7"},
        ],
        "commonHeaders": {
            "from": [SENDER],
            "to": ["bounce+late@simulator.amazonses.com"],
            "messageId": sent,
            "subject": "Reminder: Tea & <cake>",
        },
        "tags": {
            "ses:configuration-set": ["reminders"],
            "ses:from-domain": ["example.com"],
            "occurrence": ["7"],
        },
    }
    assert bounced["bounce"]["bounceType"] == "Permanent"
    assert [one["emailAddress"] for one in bounced["bounce"]["bouncedRecipients"]] == [
        "bounce+late@simulator.amazonses.com"
    ]
    assert [(email["to"], email["subject"]) for email in inbox.emails] == [
        ([SENDER], "Delivery Status Notification (Failure)")
    ]


def test_feedback_forwarding_can_be_disabled(aws, ses, inbox, notices):
    client = aws("sesv2")
    client.put_email_identity_feedback_attributes(
        EmailIdentity=ADDRESS, EmailForwardingEnabled=False
    )
    assert not client.get_email_identity(EmailIdentity=ADDRESS)["FeedbackForwardingStatus"]
    send(client, "bounce@simulator.amazonses.com")
    assert inbox.emails == []
    assert [each["eventType"] for each in notices()] == ["Send", "Bounce"]


def test_feedback_without_events_is_forwarded(aws, ses, inbox):
    client = aws("sesv2")
    client.put_email_identity_feedback_attributes(
        EmailIdentity=ADDRESS, EmailForwardingEnabled=False
    )
    send(client, "bounce@simulator.amazonses.com")
    assert [email["to"] for email in inbox.emails] == [[SENDER]]


def test_a_complaint_is_published_and_delivered(aws, ses, inbox, notices):
    send(aws("sesv2"), "complaint@simulator.amazonses.com")
    sent, complained = notices()
    assert (sent["eventType"], complained["eventType"]) == ("Send", "Complaint")
    assert complained["complaint"]["complainedRecipients"] == [
        {"emailAddress": "complaint@simulator.amazonses.com"}
    ]
    assert [email["to"] for email in inbox.emails] == [
        ["complaint@simulator.amazonses.com"],
        [SENDER],
    ]


def test_event_destinations_can_be_recreated(ses, notices):
    asked = {
        "ConfigurationSetName": "reminders",
        "ConfigurationSetAttributeNames": ["eventDestinations"],
    }
    (before,) = ses.describe_configuration_set(**asked)["EventDestinations"]
    assert before == destination("arn:aws:sns:eu-central-1:123456789012:notices")
    ses.delete_configuration_set_event_destination(
        ConfigurationSetName="reminders", EventDestinationName="notices"
    )
    assert ses.describe_configuration_set(**asked)["EventDestinations"] == []
    ses.create_configuration_set_event_destination(
        ConfigurationSetName="reminders", EventDestination=before
    )
    ses.delete_configuration_set(ConfigurationSetName="reminders")
    ses.create_configuration_set(ConfigurationSet={"Name": "reminders"})
    ses.create_configuration_set_event_destination(
        ConfigurationSetName="reminders", EventDestination=before
    )
    assert ses.describe_configuration_set(**asked)["EventDestinations"] == [before]


def test_account_may_send_to_anybody(aws):
    account = aws("sesv2").get_account()
    assert account["ProductionAccessEnabled"] is True
    assert account["SendQuota"] == {
        "Max24HourSend": 50_000.0,
        "MaxSendRate": 14.0,
        "SentLast24Hours": 0.0,
    }


@pytest.fixture
def sandboxed(aws):
    aws("sesv2").put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://example.com", ProductionAccessEnabled=False
    )


@pytest.mark.parametrize(
    ("to", "failed"),
    [
        (["ann@example.org", "bob@example.net"], "ann@example.org, bob@example.net"),
        (["Ann <ann@example.org>", "bob@verified.example"], "ann@example.org"),
    ],
)
def test_sandboxed_account_refuses_unverified_recipients(aws, ses, sandboxed, inbox, to, failed):
    ses.verify_domain_identity(Domain="verified.example")
    with pytest.raises(ClientError) as refusal:
        send(aws("sesv2"), Destination={"ToAddresses": to})
    assert refusal.value.response["Error"] == {
        "Code": "MessageRejected",
        "Message": UNVERIFIED.format(failed),
    }
    assert inbox.emails == []


def test_sandboxed_account_sends_to_verified_recipients(aws, ses, sandboxed, inbox):
    ses.verify_domain_identity(Domain="verified.example")
    to = ["bob@verified.example", "reminders@example.com", "success@simulator.amazonses.com"]
    send(aws("sesv2"), Destination={"ToAddresses": to})
    assert [email["to"] for email in inbox.emails] == [to]


def test_sandboxed_account_sends_one_a_second(aws, sandboxed):
    account = aws("sesv2").get_account()
    assert (account["ProductionAccessEnabled"], account["SendQuota"]["MaxSendRate"]) == (False, 1)
