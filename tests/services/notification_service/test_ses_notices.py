import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from event_messages.errors import MalformedEvent
from notification_service.adapters import Adapters
from notification_service.deliveries import Outcome
from notification_service.handlers import handle, read

from tests.services.notification_service.examples import OCCURRENCE, delivery
from tests.services.notification_service.world import World

ADDRESS = "Ada@example.org"


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
        "bouncedRecipients": [{"emailAddress": ADDRESS, "status": "5.1.1"}],
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


def test_a_permanent_bounce_fails_the_delivery_once_and_suppresses_the_address(adapters, sent):
    for _ in range(2):
        handle(read(notice("Bounce", bounce=bounce("Permanent"))), adapters)
    assert failures(adapters) == [("notification:failed", "ada", ADDRESS, "ses-1", "BOUNCED")]
    assert adapters.suppressed.reasons == {"ada@example.org": "BOUNCED General"}


def test_a_transient_bounce_suppresses_nothing(adapters, sent):
    handle(read(notice("Bounce", bounce=bounce("Transient"))), adapters)
    assert failures(adapters) == [
        ("notification:failed", "ada", ADDRESS, "ses-1", "BOUNCED_FOR_NOW")
    ]
    assert adapters.suppressed.reasons == {}


def test_a_complaint_suppresses_the_address_of_a_delivered_email(adapters, sent):
    handle(read(notice("Complaint", complaint=COMPLAINT)), adapters)
    assert failures(adapters) == []
    assert adapters.suppressed.reasons == {"ada@example.org": "COMPLAINED abuse"}


@pytest.mark.parametrize(
    ("kind", "reason"), [("Reject", "REFUSED"), ("Rendering Failure", "TEMPLATE_BROKEN")]
)
def test_what_ses_took_and_did_not_send_has_failed(adapters, sent, kind, reason):
    handle(read(notice(kind)), adapters)
    assert [failure[-1] for failure in failures(adapters)] == [reason]


@pytest.mark.parametrize("kind", ["Send", "Delivery", "DeliveryDelay", "Open", "Click"])
def test_a_settled_delivery_is_told_once(adapters, sent, kind):
    handle(read(notice(kind)), adapters)
    assert failures(adapters) == []


def test_a_bounce_of_an_email_that_is_not_ours_suppresses_its_address(adapters):
    handle(read(notice("Bounce", uuid4(), bounce=bounce("Permanent"))), adapters)
    assert list(adapters.suppressed.reasons) == ["ada@example.org"]
    assert adapters.deliveries.outbox == []


def test_notices_of_an_identity_are_read_too(adapters, sent):
    given = json.loads(notice("", bounce=bounce("Permanent")))
    del given["eventType"]
    handle(read(json.dumps(given | {"notificationType": "Bounce"})), adapters)
    assert [failure[-1] for failure in failures(adapters)] == ["BOUNCED"]


def test_an_unknown_kind_goes_to_the_dead_letters(adapters):
    with pytest.raises(MalformedEvent, match="no kind that SES"):
        handle(read(notice("Haiku")), adapters)


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"eventType": "Bounce"}', '{"mail": {}}', "nul"])
def test_what_is_neither_an_event_nor_a_notice_is_refused(body):
    with pytest.raises(MalformedEvent):
        read(body)
