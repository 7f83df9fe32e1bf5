import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from event_messages.errors import MalformedEvent
from notification_service.adapters import Adapters
from notification_service.deliveries import Outcome
from notification_service.handlers import handle, read

from tests.services.notification_service.examples import OCCURRENCE, delivery, due
from tests.services.notification_service.world import World

ADDRESS = "Ada@example.org"
FOLDER = Path(__file__).parent / "notices"
PLACEHOLDER = "<the id of an occurrence that was sent by email>"


@pytest.fixture
def adapters() -> Adapters:
    return World().adapters


@pytest.fixture
def sent(adapters):
    """An e-mail that SES took."""
    email = delivery(ADDRESS, channel="email", occurrence_id=OCCURRENCE)
    adapters.deliveries.claim(email, timedelta(minutes=1))
    adapters.deliveries.settle(email, Outcome(provider_id="ses-1"))
    adapters.deliveries.outbox.clear()
    return email


def notice(kind: str, occurrence: object = OCCURRENCE, **members: Any) -> str:
    tags = {"ses:operation": ["SendEmail"], "occurrence": [str(occurrence)]}
    mail = {"messageId": "ses-1", "destination": [ADDRESS], "tags": tags}
    return json.dumps({"eventType": kind, "mail": mail, **members})


def bounce(kind: str) -> dict[str, Any]:
    return {
        "bounceType": kind,
        "bounceSubType": "General",
        "bouncedRecipients": [
            {"emailAddress": ADDRESS, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        ],
    }


COMPLAINT = {
    "complainedRecipients": [{"emailAddress": ADDRESS}],
    "complaintFeedbackType": "abuse",
}


def failures(adapters):
    return [
        (e.type, e.user_id, e.data["target"], e.data["providerId"], e.data["reason"])
        for e in adapters.deliveries.outbox
    ]


def test_permanent_bounce_fails_and_suppresses_once(adapters, sent):
    for _ in range(2):
        handle(read(notice("Bounce", bounce=bounce("Permanent"))), adapters)
    assert failures(adapters) == [("notification:failed", "ada", ADDRESS, "ses-1", "BOUNCED")]
    assert adapters.suppressed.reasons == {
        "ada@example.org": "BOUNCED General smtp; 550 5.1.1 user unknown"
    }


def test_a_transient_bounce_suppresses_nothing(adapters, sent):
    handle(read(notice("Bounce", bounce=bounce("Transient"))), adapters)
    assert failures(adapters) == [
        ("notification:failed", "ada", ADDRESS, "ses-1", "BOUNCED_FOR_NOW")
    ]
    assert adapters.suppressed.reasons == {}


def test_complaint_suppresses_address_of_delivered_email(adapters, sent):
    handle(read(notice("Complaint", complaint=COMPLAINT)), adapters)
    assert failures(adapters) == []
    assert adapters.suppressed.reasons == {"ada@example.org": "COMPLAINED abuse"}


@pytest.mark.parametrize(
    ("kind", "reason"), [("Reject", "REFUSED"), ("Rendering Failure", "TEMPLATE_BROKEN")]
)
def test_unsent_accepted_email_has_failed(adapters, sent, kind, reason):
    handle(read(notice(kind)), adapters)
    assert [failure[-1] for failure in failures(adapters)] == [reason]


@pytest.mark.parametrize("kind", ["Send", "Delivery", "DeliveryDelay", "Open", "Click"])
def test_a_settled_delivery_is_told_once(adapters, sent, kind):
    handle(read(notice(kind)), adapters)
    assert failures(adapters) == []


def test_foreign_bounce_suppresses_its_address(adapters):
    handle(read(notice("Bounce", uuid4(), bounce=bounce("Permanent"))), adapters)
    assert list(adapters.suppressed.reasons) == ["ada@example.org"]
    assert adapters.deliveries.outbox == []


def test_identity_notices_are_read_too(adapters, sent):
    given = json.loads(notice("", bounce=bounce("Permanent")))
    del given["eventType"]
    handle(read(json.dumps(given | {"notificationType": "Bounce"})), adapters)
    assert [failure[-1] for failure in failures(adapters)] == ["BOUNCED"]


def recorded(name: str) -> list[str]:
    """The bodies of a file of recorded messages, about the e-mail that was sent."""
    text = (FOLDER / name).read_text().replace(PLACEHOLDER, str(OCCURRENCE))
    given = json.loads(text)
    return [json.dumps(one) for one in given.get("events") or given["bodies"]]


def handle_recorded(name: str, adapters: Adapters) -> list[str]:
    """The reasons of failures."""
    for body in recorded(name):
        handle(read(body), adapters)
    return [failure[-1] for failure in failures(adapters)]


def test_automatic_reply_keeps_delivery(adapters, sent):
    assert handle_recorded("out-of-office.json", adapters) == []


def test_transient_bounce_keeps_diagnostic(adapters, sent):
    assert handle_recorded("transient-bounces.json", adapters) == ["BOUNCED_FOR_NOW"]
    (row,) = adapters.deliveries.rows.values()
    assert "smtp; 550 5.1.1" in row.problem
    assert adapters.suppressed.reasons == {}


def test_suppression_list_of_account_fails_delivery(adapters, sent):
    assert handle_recorded("account-suppression-list.json", adapters) == ["ADDRESS_SUPPRESSED"]
    assert adapters.suppressed.reasons == {
        "someone@example.org": "BOUNCED OnAccountSuppressionList"
    }


def test_complaint_suppresses_recipients_only(adapters, sent):
    assert handle_recorded("complaints.json", adapters) == []
    assert adapters.suppressed.reasons == {"someone@example.org": "COMPLAINED abuse"}


def test_recipients_are_compared_as_mailboxes(adapters, sent):
    given = json.loads(notice("Bounce", bounce=bounce("Permanent")))
    given["mail"]["destination"] = ["Ada Lovelace <ADA@EXAMPLE.ORG>"]
    handle(read(json.dumps(given)), adapters)
    assert list(adapters.suppressed.reasons) == ["ada@example.org"]


def test_other_kinds_are_no_dead_letters(adapters, sent, caplog):
    caplog.set_level(logging.INFO)
    assert handle_recorded("other-kinds.json", adapters) == ["REFUSED"]
    assert [r.kind for r in caplog.records if hasattr(r, "kind")] == ["SomethingOfNextYear"]


def test_envelopes_of_sns_are_unwrapped(adapters, caplog):
    email = delivery("someone@example.org", channel="email", occurrence_id=OCCURRENCE)
    adapters.deliveries.claim(email, timedelta(minutes=1))
    handle_recorded("sns-envelopes.json", adapters)
    assert [e.type for e in adapters.deliveries.outbox] == ["notification:delivered"]
    assert "RawMessageDelivery" in caplog.text


def test_wrapped_events_of_ours_are_read():
    event = due()
    envelope = {"Type": "Notification", "TopicArn": "arn", "Message": event.to_json()}
    assert read(json.dumps(envelope)) == event


@pytest.mark.parametrize(
    "body",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "hello"}),
        json.dumps({"Type": "UnsubscribeConfirmation", "Message": "bye", "Token": "x"}),
        json.dumps({"eventType": "Haiku", "mail": {}}),
    ],
)
def test_information_of_ses_is_let_go(adapters, body):
    handle(read(body), adapters)
    assert adapters.deliveries.outbox == []


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"mail": {}}', "nul"])
def test_unknown_notice_is_refused(body):
    with pytest.raises(MalformedEvent):
        read(body)
