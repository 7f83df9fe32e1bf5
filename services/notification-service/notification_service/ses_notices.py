"""Handles notices of SES about accepted e-mails: sent, bounced, complained about."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from event_messages.addresses import address_key
from event_messages.event import Event

from notification_service.deliveries import Delivery, Outcome
from notification_service.delivery_store import PostgresDeliveries
from notification_service.device_store import PostgresSuppressedAddresses
from notification_service.metrics import FEEDBACK
from notification_service.ses_email import OCCURRENCE_TAG

EVENT_TYPE = "ses:notice"
NO_NOTICE = "ses:information"
VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."
SUPPRESSED = ("OnAccountSuppressionList", "Suppressed")  # SES did not try to deliver

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Represents one event that SES published."""

    kind: str
    message_id: str
    occurrence_id: UUID | None
    addresses: Sequence[str] = ()  # recipients of the e-mail of the event
    type: str = ""  # of a bounce, or feedback type of a complaint
    subtype: str = ""
    diagnostic: str = ""

    @property
    def detail(self) -> str:
        return " ".join(filter(None, (self.subtype or self.type, self.diagnostic)))


def event_of(body: str) -> Event | None:
    """Return a message of SES or SNS in our envelope, or None for other messages.

    SES knows no users of ours, so the user of the envelope is SES.
    """
    if body.strip() == VALIDATED:
        return information("validation of the topic")
    try:
        given = json.loads(body)
    except ValueError:
        return None
    if not isinstance(given, dict):
        return None
    if isinstance(given.get("Message"), str) and isinstance(given.get("Type"), str):
        return unwrap(given)
    kind = given.get("eventType") or given.get("notificationType")
    if not isinstance(kind, str) or "schemaVersion" in given:
        return None
    is_notice = kind in ACTIONS and notice_of(given) is not None
    return Event.new(EVENT_TYPE, "ses", given) if is_notice else information(kind)


def unwrap(envelope: Mapping[str, Any]) -> Event:
    """Read the message of an SNS envelope, if its subscription has no raw message delivery."""
    if envelope["Type"] != "Notification":
        return information(f"SNS {envelope['Type']}")
    logger.warning(
        "SNS wraps messages; set RawMessageDelivery of the subscription",
        extra={"topic": str(envelope.get("TopicArn", ""))},
    )
    return event_of(envelope["Message"]) or Event.from_json(envelope["Message"])


def information(kind: str) -> Event:
    return Event.new(NO_NOTICE, "ses", {"kind": kind})


def handle_information(event: Event) -> None:
    """Log a message of SES or SNS that needs no action."""
    logger.info("message without effect", extra={"kind": str(event.data.get("kind", ""))[:200]})


def notice_of(given: Any) -> Notice | None:
    """Return the notice, or None if SES did not write the JSON."""
    try:
        return parse(given, given["mail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def parse(given: Mapping[str, Any], mail: Mapping[str, Any]) -> Notice:
    bounce, complaint = given.get("bounce") or {}, given.get("complaint") or {}
    recipients = bounce.get("bouncedRecipients") or complaint.get("complainedRecipients") or []
    about = {address_key(r["emailAddress"]) for r in recipients}
    subtype = bounce.get("bounceSubType") or complaint.get("complaintSubType")
    return Notice(
        kind=str(given.get("eventType") or given["notificationType"]),
        message_id=str(mail["messageId"]),
        occurrence_id=occurrence_of(mail),
        addresses=tuple(sorted(about & {address_key(to) for to in mail.get("destination") or ()})),
        type=str(bounce.get("bounceType") or complaint.get("complaintFeedbackType") or ""),
        subtype=str(subtype or ""),
        diagnostic=" ".join(filter(None, (diagnostic_of(r) for r in recipients))),
    )


def diagnostic_of(recipient: Mapping[str, Any]) -> str:
    return str(recipient.get("diagnosticCode") or recipient.get("status") or "")


def occurrence_of(mail: Mapping[str, Any]) -> UUID | None:
    """Return None for an e-mail that another program sent through the configuration set."""
    values = mail.get("tags", {}).get(OCCURRENCE_TAG)
    try:
        return UUID(values[0]) if values else None
    except ValueError:
        return None


Action = Callable[[Notice, PostgresDeliveries, PostgresSuppressedAddresses], None]


def confirm(notice: Notice, deliveries: PostgresDeliveries, _: PostgresSuppressedAddresses) -> None:
    """Settle a delivery whose answer was lost by a broken connection or a crash."""
    if delivery := delivery_of(notice, deliveries):
        deliveries.settle(delivery, Outcome(provider_id=notice.message_id))


def bounce(
    notice: Notice, deliveries: PostgresDeliveries, suppressed: PostgresSuppressedAddresses
) -> None:
    if notice.type == "Permanent":
        if notice.subtype not in SUPPRESSED:
            FEEDBACK.labels("bounce").inc()
        suppress(notice, suppressed, "BOUNCED")
        reason = "ADDRESS_SUPPRESSED" if notice.subtype in SUPPRESSED else "BOUNCED"
        overturn(notice, deliveries, reason)
    elif notice.diagnostic:
        overturn(notice, deliveries, "BOUNCED_FOR_NOW")
    else:  # an automatic reply, for example out of office, has no status of a mail server
        ignore(notice, deliveries, suppressed)


def complain(
    notice: Notice, deliveries: PostgresDeliveries, suppressed: PostgresSuppressedAddresses
) -> None:
    """Suppress the address of the complaint; the e-mail counts as delivered."""
    if notice.type == "not-spam":
        return
    if notice.subtype not in SUPPRESSED:
        FEEDBACK.labels("complaint").inc()
    suppress(notice, suppressed, "COMPLAINED")
    if notice.subtype in SUPPRESSED:
        overturn(notice, deliveries, "ADDRESS_SUPPRESSED")


def fail_as(reason: str) -> Action:
    return lambda notice, deliveries, _: overturn(notice, deliveries, reason)


def ignore(notice: Notice, _: PostgresDeliveries, __: PostgresSuppressedAddresses) -> None:
    """Change nothing: no outcome of a delivery depends on this notice."""


# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
ACTIONS: Mapping[str, Action] = {
    "Send": confirm,
    "Delivery": confirm,
    "Bounce": bounce,
    "Complaint": complain,
    "Reject": fail_as("REFUSED"),
    "Rendering Failure": fail_as("TEMPLATE_BROKEN"),
    "DeliveryDelay": ignore,
    "Open": ignore,
    "Click": ignore,
    "Subscription": ignore,
}


def delivery_of(notice: Notice, deliveries: PostgresDeliveries) -> Delivery | None:
    return deliveries.of_email(notice.occurrence_id) if notice.occurrence_id else None


def overturn(notice: Notice, deliveries: PostgresDeliveries, reason: str) -> None:
    if delivery := delivery_of(notice, deliveries):
        deliveries.overturn(delivery, reason, notice.detail)


def suppress(notice: Notice, suppressed: PostgresSuppressedAddresses, reason: str) -> None:
    for address in notice.addresses:
        suppressed.add(address, f"{reason} {notice.detail}".strip())
