"""Publishes the events of an e-mail to the SNS topic of its configuration set."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from moto.ses.models import SESBackend

from local.aws_server.deliveries import publish_as
from local.aws_server.emails import Email
from local.aws_server.requirements import Place

SES = "ses.amazonaws.com"
SUBJECT = "Amazon SES Email Event Notification"

# Names of an event in `MatchingEventTypes`, and in the event itself.
EVENT_TYPES = {
    "send": "Send",
    "delivery": "Delivery",
    "bounce": "Bounce",
    "complaint": "Complaint",
    "renderingFailure": "Rendering Failure",
}


def publish(backend: SESBackend, kind: str, email: Email, detail: dict[str, Any]) -> None:
    """Publish an event, if the configuration set of the e-mail includes its type."""
    destination = backend.config_set_event_destination.get(email.configuration_set or "", {})
    topic = destination.get("SNSDestination", {}).get("TopicARN")
    if not topic or not destination.get("Enabled", False):
        return
    if kind in destination.get("MatchingEventTypes", []):
        event = json.dumps(event_of(backend, kind, email, detail))
        source = configuration_set_arn(backend, str(email.configuration_set))
        publish_as(SES, source, topic, event, SUBJECT)


def configuration_set_arn(backend: SESBackend, name: str) -> str:
    place = Place(backend.partition, backend.region_name, backend.account_id)
    return place.arn("ses", f"configuration-set/{name}")


def event_of(
    backend: SESBackend, kind: str, email: Email, detail: dict[str, Any]
) -> dict[str, Any]:
    body = "failure" if kind == "renderingFailure" else kind
    return {"eventType": EVENT_TYPES[kind], "mail": mail(backend, email), body: detail}


def mail(backend: SESBackend, email: Email) -> dict[str, Any]:
    """Return the part that all events contain."""
    address = parseaddr(email.sender)[1]
    common = {"from": [email.sender], "to": list(email.to), "messageId": email.message_id}
    headers = {"From": email.sender, "To": ", ".join(email.to), "Subject": email.subject}
    tags = {
        "ses:configuration-set": email.configuration_set,
        "ses:from-domain": address.rpartition("@")[2],
        **email.tags,
    }
    return {
        "timestamp": now(),
        "source": email.sender,
        "sourceArn": (f"arn:aws:ses:{backend.region_name}:{backend.account_id}:identity/{address}"),
        "sendingAccountId": backend.account_id,
        "messageId": email.message_id,
        "destination": list(email.to),
        "headersTruncated": False,
        "headers": [{"name": n, "value": v} for n, v in {**headers, **email.headers}.items()],
        "commonHeaders": {**common, "subject": email.subject},
        "tags": {name: [value] for name, value in tags.items()},
    }


def bounce(recipients: Sequence[str]) -> dict[str, Any]:
    return {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": recipient,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }
            for recipient in recipients
        ],
        "timestamp": now(),
        "feedbackId": str(uuid4()),
        "reportingMTA": "dns; amazonses.com",
    }


def complaint(recipients: Sequence[str]) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": recipient} for recipient in recipients],
        "complaintFeedbackType": "abuse",
        "userAgent": "Amazon SES Mailbox Simulator",
        "arrivalDate": now(),
        "timestamp": now(),
        "feedbackId": str(uuid4()),
    }


def delivery(recipients: Sequence[str]) -> dict[str, Any]:
    return {
        "timestamp": now(),
        "processingTimeMillis": 1,
        "recipients": list(recipients),
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "amazonses.com",
    }


def rendering_failure(template: str, problem: str) -> dict[str, Any]:
    return {"errorMessage": problem, "templateName": template}


def now() -> str:
    return f"{datetime.now(UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"
