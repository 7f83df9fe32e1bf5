"""Emulates the forwarding of bounces and complaints to the sender, which is on by default.

https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity-using-notifications-email.html
"""

import json
from email.utils import parseaddr
from typing import Any

from moto.ses.models import EmailIdentity, SESBackend
from moto.sesv2 import urls
from moto.sesv2.responses import SESV2Response

from local.aws_server.emails import Email, Inbox
from local.aws_server.replacement import add_method, replace_method

SUBJECTS = {
    "bounce": "Delivery Status Notification (Failure)",
    "complaint": "Complaint about message from {}",
}

create_identity = EmailIdentity.__init__


def extend() -> None:
    replace_method(EmailIdentity, "__init__", create_with_forwarding)  # moto turns it off
    add_method(SESV2Response, "put_email_identity_feedback_attributes", put_attributes)
    path = "{0}/v2/email/identities/(?P<EmailIdentity>[^/]+)/feedback$"
    urls.url_paths[path] = SESV2Response.dispatch


def create_with_forwarding(identity: EmailIdentity, *values: Any, **named: Any) -> None:
    create_identity(identity, *values, **named)
    identity.feedback_forwarding_status = True


def put_attributes(response: SESV2Response) -> str:
    identity = response.sesv2_backend.get_email_identity(response._get_param("EmailIdentity"))
    wanted = json.loads(response.body).get("EmailForwardingEnabled", False)
    identity.feedback_forwarding_status = wanted
    return "{}"


def forward(backend: SESBackend, inbox: Inbox, kind: str, email: Email) -> None:
    """Send an e-mail about a bounce or complaint to the sender, unless forwarding is off.

    Without an event destination for it, SES forwards it in any case.
    """
    if is_forwarded(backend, email.sender) or not has_destination(backend, kind, email):
        inbox.deliver(
            Email(
                message_id=f"{email.message_id}-{kind}",
                sender="MAILER-DAEMON@amazonses.com",
                to=[email.sender],
                subject=SUBJECTS[kind].format(email.sender),
                text=email.subject,
            ),
            [email.sender],
        )


def is_forwarded(backend: SESBackend, sender: str) -> bool:
    """Return the setting of the address, or else of its domain."""
    address = parseaddr(sender)[1]
    names = address, address.partition("@")[2]
    known = [found for name in names if (found := backend.email_identities.get(name))]
    return bool(known[0].feedback_forwarding_status) if known else True


def has_destination(backend: SESBackend, kind: str, email: Email) -> bool:
    found = backend.config_set_event_destination.get(email.configuration_set or "", {})
    return bool(found.get("Enabled")) and kind in found.get("MatchingEventTypes", [])
