"""What SES tells about e-mails that it took: sent, bounced, complained about."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from event_messages.event import Event

from notification_service.deliveries import Deliveries, Outcome
from notification_service.ses_email import OCCURRENCE_TAG

EVENT_TYPE = "ses:notice"


class SuppressedAddresses(Protocol):
    """Addresses that no e-mail is sent to, whoever asks."""

    def add(self, address: str, reason: str) -> None: ...

    def includes(self, address: str) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One event that SES published."""

    kind: str
    message_id: str
    occurrence_id: UUID | None
    addresses: Sequence[str] = ()  # the recipients that it is about
    permanent: bool = False
    detail: str = ""


def event_of(body: str) -> Event | None:
    """A notice in the platform's envelope, or None when the text is none of SES's.

    SES knows no user of ours, so the envelope's is SES itself.
    """
    try:
        given = json.loads(body)
    except ValueError:
        return None
    if parse(given) is None:
        return None
    return Event.new(EVENT_TYPE, "ses", given)


def parse(given: Any) -> Notice | None:
    """A notice, or None when the JSON is not one of SES's."""
    try:
        kind = given.get("eventType") or given["notificationType"]
        return notice_of(str(kind), given, given["mail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def notice_of(kind: str, given: dict[str, Any], mail: dict[str, Any]) -> Notice:
    bounce, complaint = given.get("bounce", {}), given.get("complaint", {})
    recipients = bounce.get("bouncedRecipients") or complaint.get("complainedRecipients") or []
    return Notice(
        kind=kind,
        message_id=str(mail["messageId"]),
        occurrence_id=occurrence_of(mail),
        addresses=tuple(r["emailAddress"] for r in recipients),
        permanent=bounce.get("bounceType") == "Permanent",
        detail=str(bounce.get("bounceSubType") or complaint.get("complaintFeedbackType") or ""),
    )


def occurrence_of(mail: dict[str, Any]) -> UUID | None:
    """E-mails that other programs sent through the same configuration set have no such tag."""
    values = mail.get("tags", {}).get(OCCURRENCE_TAG)
    try:
        return UUID(values[0]) if values else None
    except ValueError:
        return None


def confirm(notice: Notice, deliveries: Deliveries, _: SuppressedAddresses) -> None:
    """SES took it: settle what a broken connection or a crash had left open."""
    delivery = deliveries.of_email(notice.occurrence_id) if notice.occurrence_id else None
    if delivery:
        deliveries.settle(delivery, Outcome(provider_id=notice.message_id))


def bounce(notice: Notice, deliveries: Deliveries, suppressed: SuppressedAddresses) -> None:
    if notice.permanent:
        suppress(notice, suppressed, "BOUNCED")
    overturn(notice, deliveries, "BOUNCED" if notice.permanent else "BOUNCED_FOR_NOW")


def complain(notice: Notice, _: Deliveries, suppressed: SuppressedAddresses) -> None:
    """The e-mail was delivered, and unwelcome."""
    suppress(notice, suppressed, "COMPLAINED")


def reject(notice: Notice, deliveries: Deliveries, _: SuppressedAddresses) -> None:
    overturn(notice, deliveries, "REFUSED")


def break_template(notice: Notice, deliveries: Deliveries, _: SuppressedAddresses) -> None:
    overturn(notice, deliveries, "TEMPLATE_BROKEN")


def ignore(_: Notice, __: Deliveries, ___: SuppressedAddresses) -> None:
    """Nothing that a delivery's outcome depends on."""


ACTIONS: dict[str, Callable[[Notice, Deliveries, SuppressedAddresses], None]] = {
    "Send": confirm,
    "Delivery": confirm,
    "Bounce": bounce,
    "Complaint": complain,
    "Reject": reject,
    "Rendering Failure": break_template,
    "DeliveryDelay": ignore,
    "Open": ignore,
    "Click": ignore,
    "Subscription": ignore,
}


def overturn(notice: Notice, deliveries: Deliveries, reason: str) -> None:
    delivery = deliveries.of_email(notice.occurrence_id) if notice.occurrence_id else None
    if delivery:
        deliveries.overturn(delivery, reason)


def suppress(notice: Notice, suppressed: SuppressedAddresses, reason: str) -> None:
    for address in notice.addresses:
        suppressed.add(address, f"{reason} {notice.detail}".strip())
